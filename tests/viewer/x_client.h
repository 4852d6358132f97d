// Another program on the viewer's screen, straight on the X protocol: it pastes, drops files, and
// asks what no honest program asks.
#pragma once

#ifdef LACUNA_XCB

#include <xcb/xcb.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lacuna::test {

class XClient {
 public:
  // `screen` is the file that view() leaves. Throws std::runtime_error, as all others, where the
  // other side does not answer.
  explicit XClient(const std::filesystem::path& screen);
  ~XClient();
  XClient(const XClient&) = delete;

  // The clipboard as `target`; how many pieces it came in, 0: at once. Empty where it was refused.
  std::string paste(const std::string& target, int* pieces = nullptr);
  std::vector<std::string> targets();
  // Drops a file on the window that takes drops (XDND 5).
  void drop(const std::filesystem::path& file);
  // Windows that ask for the picture and vanish; events that no server would send.
  void be_hostile();

 private:
  using Event = std::unique_ptr<xcb_generic_event_t, decltype(&std::free)>;
  struct Property {
    xcb_atom_t type = XCB_NONE;
    std::string value;
  };
  xcb_atom_t atom(const std::string& name);
  xcb_window_t make_window();
  xcb_window_t window_for_drops();
  Event wait_for(int type, const std::function<bool(const xcb_generic_event_t&)>& is_it);
  Property take(xcb_atom_t property);  // and deletes it
  void message(xcb_window_t to, const std::string& type, uint32_t a, uint32_t b, uint32_t c,
               uint32_t d);
  void send(xcb_window_t to, const void* event, size_t size);

  xcb_connection_t* connection_;
  xcb_screen_t* screen_;
  xcb_window_t window_;
};

}  // namespace lacuna::test

#endif
