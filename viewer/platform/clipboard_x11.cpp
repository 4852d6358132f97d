// X11, and Wayland where it serves X clients too: whoever owns the selection CLIPBOARD is asked at
// every paste (ICCCM, section 2). A connection, a window that nobody sees and a thread of our own
// answer, so that a paste waits for no frame.
//
// Any client may ask for anything: an answer goes where a request says, its errors are the server's
// to tell and ours to ignore, and what is kept for slow readers is limited in number and time.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <xcb/xcb.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <span>
#include <thread>

#include "viewer/platform/clipboard.h"

namespace lacuna::viewer {
namespace {

using Clock = std::chrono::steady_clock;
using Png = std::shared_ptr<const std::vector<std::byte>>;
using Event = std::unique_ptr<xcb_generic_event_t, decltype(&std::free)>;

constexpr auto longest_claim = std::chrono::seconds(2);
constexpr auto longest_pause = std::chrono::seconds(10);  // of a client that reads in pieces
constexpr size_t most_transfers = 8;
constexpr int most_events = 64;            // before a look at what else there is to do
constexpr size_t usual_piece = 256 << 10;  // as other programs do; less where requests are smaller
constexpr size_t request_head = 64;        // more than a request has beside its data

// The server's time in milliseconds, which begins anew every 50 days.
bool before(xcb_timestamp_t a, xcb_timestamp_t b) { return static_cast<int32_t>(a - b) < 0; }

constexpr std::array<const char*, 6> atom_names = {"CLIPBOARD", "TARGETS", "TIMESTAMP",
                                                   "image/png", "INCR",    "LACUNA_TIME"};
struct Atoms {
  xcb_atom_t clipboard, targets, timestamp, png, incr, time;
};

// A picture on its way in pieces: the next is written when the client deleted the one before.
struct Transfer {
  xcb_window_t to;
  xcb_atom_t property;
  Png png;
  size_t sent = 0;
  Clock::time_point moved = Clock::now();
};

class X11Clipboard : public Clipboard {
 public:
  X11Clipboard() = default;
  ~X11Clipboard() override;
  bool begin();  // false where there is no X server
  bool put(std::vector<std::byte> png) override;

 private:
  void loop();
  void handle(const xcb_generic_event_t& event);
  void claim(xcb_timestamp_t time);
  void tell(bool owned);
  bool answer(const xcb_selection_request_event_t& request, xcb_atom_t property);
  bool send(const xcb_selection_request_event_t& request, xcb_atom_t property);
  void go_on(const xcb_property_notify_event_t& event);
  void drop(xcb_window_t window);
  void drop_idle();
  void listen(xcb_window_t window, bool yes);
  void wake() const;

  xcb_connection_t* connection_ = nullptr;
  xcb_window_t window_ = XCB_NONE;
  Atoms atoms_{};
  size_t piece_ = 0;
  int pipe_[2] = {-1, -1};

  // Of the thread alone.
  Png png_;   // null: the clipboard is another's
  Png next_;  // to be claimed when the server has told the time
  xcb_timestamp_t since_ = 0;
  std::vector<Transfer> transfers_;

  std::mutex lock_;  // of what follows
  std::condition_variable told_;
  Png asked_;
  enum class Claim { none, asked, owned, refused } claim_ = Claim::none;
  bool quit_ = false;
  std::thread thread_;
};

bool X11Clipboard::begin() {
  int screen_number = 0;
  connection_ = xcb_connect(nullptr, &screen_number);
  if (xcb_connection_has_error(connection_) || pipe(pipe_) != 0) return false;
  for (const int end : pipe_) {
    fcntl(end, F_SETFD, FD_CLOEXEC);
    fcntl(end, F_SETFL, O_NONBLOCK);
  }
  std::array<xcb_intern_atom_cookie_t, atom_names.size()> cookies;
  for (size_t i = 0; i < cookies.size(); i++)
    cookies[i] = xcb_intern_atom(connection_, 0, static_cast<uint16_t>(strlen(atom_names[i])),
                                 atom_names[i]);
  std::array<xcb_atom_t, atom_names.size()> atoms{};
  for (size_t i = 0; i < cookies.size(); i++) {
    const std::unique_ptr<xcb_intern_atom_reply_t, decltype(&std::free)> reply(
        xcb_intern_atom_reply(connection_, cookies[i], nullptr), std::free);
    if (reply) atoms[i] = reply->atom;
  }
  atoms_ = {atoms[0], atoms[1], atoms[2], atoms[3], atoms[4], atoms[5]};
  piece_ =
      std::min(usual_piece, xcb_get_maximum_request_length(connection_) * size_t{4} - request_head);
  xcb_screen_iterator_t screens = xcb_setup_roots_iterator(xcb_get_setup(connection_));
  for (int i = 0; i < screen_number && screens.rem > 1; i++) xcb_screen_next(&screens);
  window_ = xcb_generate_id(connection_);
  const uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;
  xcb_create_window(connection_, XCB_COPY_FROM_PARENT, window_, screens.data->root, -1, -1, 1, 1, 0,
                    XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK, &events);
  xcb_flush(connection_);
  thread_ = std::thread([this] { loop(); });
  return true;
}

// The server gives the clipboard back when the connection ends.
X11Clipboard::~X11Clipboard() {
  if (thread_.joinable()) {
    {
      const std::scoped_lock lock(lock_);
      quit_ = true;
    }
    wake();
    thread_.join();
  }
  xcb_disconnect(connection_);
  for (const int end : pipe_)
    if (end >= 0) close(end);
}

void X11Clipboard::wake() const {
  [[maybe_unused]] const auto written = write(pipe_[1], "", 1);  // full: it is being woken
}

bool X11Clipboard::put(std::vector<std::byte> png) {
  if (xcb_connection_has_error(connection_)) return false;
  std::unique_lock lock(lock_);
  asked_ = std::make_shared<const std::vector<std::byte>>(std::move(png));
  claim_ = Claim::asked;
  wake();
  told_.wait_for(lock, longest_claim, [this] { return claim_ != Claim::asked; });
  return claim_ == Claim::owned;
}

void X11Clipboard::loop() {
  while (true) {
    bool more = true;
    for (int n = 0; more && n < most_events; n++) {
      const Event event{xcb_poll_for_event(connection_), std::free};
      more = event != nullptr;
      if (more) handle(*event);
    }
    drop_idle();
    xcb_flush(connection_);
    if (xcb_connection_has_error(connection_)) return tell(false);
    pollfd ready[] = {{xcb_get_file_descriptor(connection_), POLLIN, 0}, {pipe_[0], POLLIN, 0}};
    poll(ready, 2, more ? 0 : transfers_.empty() ? -1 : 1000);
    char ignored[64];
    while (read(pipe_[0], ignored, sizeof ignored) > 0) {}
    const std::scoped_lock lock(lock_);
    if (quit_) return;
    if (!asked_) continue;
    next_ = std::move(asked_);
    // Owning needs the server's time, which comes with the change of a property.
    xcb_change_property(connection_, XCB_PROP_MODE_APPEND, window_, atoms_.time, XCB_ATOM_INTEGER,
                        8, 0, nullptr);
  }
}

void X11Clipboard::tell(bool owned) {
  {
    const std::scoped_lock lock(lock_);
    claim_ = owned ? Claim::owned : Claim::refused;
  }
  told_.notify_all();
}

void X11Clipboard::claim(xcb_timestamp_t time) {
  xcb_set_selection_owner(connection_, window_, atoms_.clipboard, time);
  const std::unique_ptr<xcb_get_selection_owner_reply_t, decltype(&std::free)> reply(
      xcb_get_selection_owner_reply(
          connection_, xcb_get_selection_owner(connection_, atoms_.clipboard), nullptr),
      std::free);
  const bool owned = reply && reply->owner == window_;
  if (owned) {
    png_ = std::move(next_);
    since_ = time;
  }
  next_.reset();
  tell(owned);
}

void X11Clipboard::handle(const xcb_generic_event_t& event) {
  switch (event.response_type & 0x7f) {  // 0: an error, such as of a window that is gone
    case XCB_SELECTION_REQUEST: {
      const auto& request = reinterpret_cast<const xcb_selection_request_event_t&>(event);
      // Clients from before ICCCM name no property.
      const xcb_atom_t property = request.property ? request.property : request.target;
      xcb_selection_notify_event_t notify{};
      notify.response_type = XCB_SELECTION_NOTIFY;
      notify.time = request.time;
      notify.requestor = request.requestor;
      notify.selection = request.selection;
      notify.target = request.target;
      notify.property = answer(request, property) ? property : XCB_NONE;
      char bytes[32] = {};  // what an event has on the wire
      std::memcpy(bytes, &notify, sizeof notify);
      xcb_send_event(connection_, 0, request.requestor, XCB_EVENT_MASK_NO_EVENT, bytes);
      break;
    }
    case XCB_PROPERTY_NOTIFY:
      go_on(reinterpret_cast<const xcb_property_notify_event_t&>(event));
      break;
    case XCB_DESTROY_NOTIFY:
      drop(reinterpret_cast<const xcb_destroy_notify_event_t&>(event).window);
      break;
    case XCB_SELECTION_CLEAR: {
      // An old one may still be under way when we own the clipboard anew.
      const auto& clear = reinterpret_cast<const xcb_selection_clear_event_t&>(event);
      if (clear.owner == window_ && clear.selection == atoms_.clipboard &&
          !before(clear.time, since_))
        png_.reset();
    }
  }
}

bool X11Clipboard::answer(const xcb_selection_request_event_t& request, xcb_atom_t property) {
  if (!png_ || request.selection != atoms_.clipboard || request.requestor == window_ ||
      (request.time != XCB_CURRENT_TIME && before(request.time, since_)))
    return false;
  const auto set = [&](xcb_atom_t type, std::span<const uint32_t> values) {
    xcb_change_property(connection_, XCB_PROP_MODE_REPLACE, request.requestor, property, type, 32,
                        static_cast<uint32_t>(values.size()), values.data());
    return true;
  };
  if (request.target == atoms_.targets)
    return set(XCB_ATOM_ATOM, std::array{atoms_.targets, atoms_.timestamp, atoms_.png});
  if (request.target == atoms_.timestamp) return set(XCB_ATOM_INTEGER, std::array{since_});
  if (request.target != atoms_.png) return false;
  if (png_->size() > piece_) return send(request, property);
  xcb_change_property(connection_, XCB_PROP_MODE_REPLACE, request.requestor, property, atoms_.png,
                      8, static_cast<uint32_t>(png_->size()), png_->data());
  return true;
}

bool X11Clipboard::send(const xcb_selection_request_event_t& request, xcb_atom_t property) {
  std::erase_if(transfers_, [&](const Transfer& t) {
    return t.to == request.requestor && t.property == property;
  });
  if (transfers_.size() >= most_transfers) return false;
  listen(request.requestor, true);
  const auto least = static_cast<uint32_t>(png_->size());
  xcb_change_property(connection_, XCB_PROP_MODE_REPLACE, request.requestor, property, atoms_.incr,
                      32, 1, &least);
  transfers_.push_back({request.requestor, property, png_});
  return true;
}

void X11Clipboard::listen(xcb_window_t window, bool yes) {
  const uint32_t events =
      yes ? XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY : 0;
  xcb_change_window_attributes(connection_, window, XCB_CW_EVENT_MASK, &events);
}

void X11Clipboard::go_on(const xcb_property_notify_event_t& event) {
  if (event.window == window_) {
    if (next_ && event.atom == atoms_.time) claim(event.time);
    return;
  }
  if (event.state != XCB_PROPERTY_DELETE) return;
  const auto found = std::ranges::find_if(transfers_, [&](const Transfer& t) {
    return t.to == event.window && t.property == event.atom;
  });
  if (found == transfers_.end()) return;
  Transfer& t = *found;
  const size_t size = std::min(piece_, t.png->size() - t.sent);
  xcb_change_property(connection_, XCB_PROP_MODE_REPLACE, t.to, t.property, atoms_.png, 8,
                      static_cast<uint32_t>(size), t.png->data() + t.sent);
  t.sent += size;
  t.moved = Clock::now();
  if (size > 0) return;
  const xcb_window_t to = t.to;  // an empty piece was the end
  transfers_.erase(found);
  if (std::ranges::find(transfers_, to, &Transfer::to) == transfers_.end()) listen(to, false);
}

void X11Clipboard::drop(xcb_window_t window) {
  std::erase_if(transfers_, [&](const Transfer& t) { return t.to == window; });
}

void X11Clipboard::drop_idle() {
  const Clock::time_point now = Clock::now();
  std::erase_if(transfers_, [&](const Transfer& t) { return now - t.moved > longest_pause; });
}

}  // namespace

std::unique_ptr<Clipboard> Clipboard::open(GLFWwindow*) {
  auto clipboard = std::make_unique<X11Clipboard>();
  if (!clipboard->begin()) return nullptr;
  return clipboard;
}

}  // namespace lacuna::viewer
