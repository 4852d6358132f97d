#include "tests/viewer/x_client.h"

#ifdef LACUNA_XCB

#include <poll.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace lacuna::test {
namespace {

constexpr auto longest_wait = std::chrono::seconds(20);

template <typename T>
std::unique_ptr<T, decltype(&std::free)> owned(T* reply) {
  if (!reply) throw std::runtime_error("the X server gave no reply");
  return {reply, std::free};
}

}  // namespace

XClient::XClient(const std::filesystem::path& screen) {
  std::string display, authority;
  std::ifstream(screen) >> display >> authority;
  setenv("XAUTHORITY", authority.c_str(), 1);
  connection_ = xcb_connect(display.c_str(), nullptr);
  if (xcb_connection_has_error(connection_)) throw std::runtime_error("no X server");
  screen_ = xcb_setup_roots_iterator(xcb_get_setup(connection_)).data;
  window_ = make_window();
}

XClient::~XClient() { xcb_disconnect(connection_); }

xcb_atom_t XClient::atom(const std::string& name) {
  return owned(
             xcb_intern_atom_reply(
                 connection_,
                 xcb_intern_atom(connection_, 0, static_cast<uint16_t>(name.size()), name.c_str()),
                 nullptr))
      ->atom;
}

xcb_window_t XClient::make_window() {
  const xcb_window_t window = xcb_generate_id(connection_);
  const uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;
  xcb_create_window(connection_, XCB_COPY_FROM_PARENT, window, screen_->root, 0, 0, 1, 1, 0,
                    XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK, &events);
  return window;
}

XClient::Event XClient::wait_for(int type,
                                 const std::function<bool(const xcb_generic_event_t&)>& is_it) {
  xcb_flush(connection_);
  const auto end = std::chrono::steady_clock::now() + longest_wait;
  while (std::chrono::steady_clock::now() < end) {
    while (Event event{xcb_poll_for_event(connection_), std::free})
      if ((event->response_type & 0x7f) == type && is_it(*event)) return event;
    pollfd ready{xcb_get_file_descriptor(connection_), POLLIN, 0};
    poll(&ready, 1, 100);
  }
  throw std::runtime_error("waited in vain for X event " + std::to_string(type));
}

XClient::Property XClient::take(xcb_atom_t property) {
  const auto reply = owned(xcb_get_property_reply(
      connection_,
      xcb_get_property(connection_, 1, window_, property, XCB_GET_PROPERTY_TYPE_ANY, 0, 1 << 24),
      nullptr));
  return {reply->type,
          {static_cast<const char*>(xcb_get_property_value(reply.get())),
           static_cast<size_t>(xcb_get_property_value_length(reply.get()))}};
}

std::string XClient::paste(const std::string& target, int* pieces) {
  const xcb_atom_t here = atom("PASTED"), incremental = atom("INCR");
  xcb_convert_selection(connection_, window_, atom("CLIPBOARD"), atom(target), here,
                        XCB_CURRENT_TIME);
  const Event notify = wait_for(XCB_SELECTION_NOTIFY, [](const auto&) { return true; });
  if (pieces) *pieces = 0;
  if (reinterpret_cast<const xcb_selection_notify_event_t&>(*notify).property == XCB_NONE)
    return {};
  Property first = take(here);
  if (first.type != incremental) return first.value;
  std::string all;
  while (true) {
    wait_for(XCB_PROPERTY_NOTIFY, [&](const xcb_generic_event_t& e) {
      const auto& p = reinterpret_cast<const xcb_property_notify_event_t&>(e);
      return p.window == window_ && p.atom == here && p.state == XCB_PROPERTY_NEW_VALUE;
    });
    const Property piece = take(here);
    if (piece.value.empty()) return all;
    all += piece.value;
    if (pieces) ++*pieces;
  }
}

std::vector<std::string> XClient::targets() {
  const std::string bytes = paste("TARGETS");
  std::vector<std::string> names;
  for (size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    xcb_atom_t target = 0;
    std::memcpy(&target, &bytes[i], 4);
    const auto name = owned(
        xcb_get_atom_name_reply(connection_, xcb_get_atom_name(connection_, target), nullptr));
    names.emplace_back(xcb_get_atom_name_name(name.get()),
                       static_cast<size_t>(xcb_get_atom_name_name_length(name.get())));
  }
  return names;
}

void XClient::send(xcb_window_t to, const void* event, size_t size) {
  char bytes[32] = {};
  std::memcpy(bytes, event, size);
  xcb_send_event(connection_, 0, to, XCB_EVENT_MASK_NO_EVENT, bytes);
}

void XClient::message(xcb_window_t to, const std::string& type, uint32_t a, uint32_t b, uint32_t c,
                      uint32_t d) {
  xcb_client_message_event_t event{};
  event.response_type = XCB_CLIENT_MESSAGE;
  event.format = 32;
  event.window = to;
  event.type = atom(type);
  const uint32_t data[] = {window_, a, b, c, d};
  std::memcpy(event.data.data32, data, sizeof data);
  send(to, &event, sizeof event);
}

xcb_window_t XClient::window_for_drops() {
  const auto tree =
      owned(xcb_query_tree_reply(connection_, xcb_query_tree(connection_, screen_->root), nullptr));
  const xcb_window_t* windows = xcb_query_tree_children(tree.get());
  const xcb_atom_t aware = atom("XdndAware");
  for (int i = 0; i < xcb_query_tree_children_length(tree.get()); i++)
    if (owned(xcb_get_property_reply(
                  connection_,
                  xcb_get_property(connection_, 0, windows[i], aware, XCB_ATOM_ATOM, 0, 1),
                  nullptr))
            ->type == XCB_ATOM_ATOM)
      return windows[i];
  throw std::runtime_error("no window takes drops");
}

void XClient::drop(const std::filesystem::path& file) {
  const xcb_window_t target = window_for_drops();
  const xcb_atom_t selection = atom("XdndSelection"), list = atom("text/uri-list");
  const auto client_message = [&](const std::string& type) {
    return [&, wanted = atom(type)](const xcb_generic_event_t& e) {
      return reinterpret_cast<const xcb_client_message_event_t&>(e).type == wanted;
    };
  };
  xcb_set_selection_owner(connection_, window_, selection, XCB_CURRENT_TIME);
  message(target, "XdndEnter", 5u << 24, list, 0, 0);
  message(target, "XdndPosition", 0, 600u << 16 | 300u, XCB_CURRENT_TIME, atom("XdndActionCopy"));
  wait_for(XCB_CLIENT_MESSAGE, client_message("XdndStatus"));
  message(target, "XdndDrop", 0, XCB_CURRENT_TIME, 0, 0);
  const Event asked = wait_for(XCB_SELECTION_REQUEST, [](const auto&) { return true; });
  const auto& request = reinterpret_cast<const xcb_selection_request_event_t&>(*asked);
  const std::string uri = "file://" + file.string() + "\r\n";
  xcb_change_property(connection_, XCB_PROP_MODE_REPLACE, request.requestor, request.property, list,
                      8, static_cast<uint32_t>(uri.size()), uri.data());
  xcb_selection_notify_event_t notify{};
  notify.response_type = XCB_SELECTION_NOTIFY;
  notify.time = request.time;
  notify.requestor = request.requestor;
  notify.selection = selection;
  notify.target = request.target;
  notify.property = request.property;
  send(request.requestor, &notify, sizeof notify);
  wait_for(XCB_CLIENT_MESSAGE, client_message("XdndFinished"));
}

void XClient::be_hostile() {
  const xcb_atom_t clipboard = atom("CLIPBOARD"), png = atom("image/png"), here = atom("PASTED");
  const xcb_window_t owner =
      owned(xcb_get_selection_owner_reply(connection_,
                                          xcb_get_selection_owner(connection_, clipboard), nullptr))
          ->owner;
  // More than it goes on serving at once; none reads, all vanish.
  std::vector<xcb_window_t> windows;
  for (int i = 0; i < 40; i++) {
    windows.push_back(make_window());
    xcb_convert_selection(connection_, windows.back(), clipboard, png, here, XCB_CURRENT_TIME);
  }
  for (size_t i = 0; i < windows.size(); i++)
    wait_for(XCB_SELECTION_NOTIFY, [](const auto&) { return true; });
  for (const xcb_window_t window : windows) xcb_destroy_window(connection_, window);
  const xcb_atom_t odd[] = {XCB_NONE, 0x7fffffff};
  for (const xcb_window_t requestor : {xcb_window_t{0}, xcb_window_t{0xdead}, owner, windows[0]})
    for (const xcb_atom_t property : odd)
      for (const xcb_atom_t target : {png, odd[0], odd[1]}) {
        xcb_selection_request_event_t request{};
        request.response_type = XCB_SELECTION_REQUEST;
        request.owner = owner;
        request.requestor = requestor;
        request.selection = clipboard;
        request.target = target;
        request.property = property;
        send(owner, &request, sizeof request);
      }
  xcb_flush(connection_);
}

}  // namespace lacuna::test

#endif
