// The log of a run (erase/run_folder.h, run.jsonl) as lines to read: an event a line, the options
// of its start one below the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lacuna::viewer {

// Appends what one line of the log says. A line that is no event, torn or of another program, stays
// as it is.
void append_log_lines(std::vector<std::string>& lines, std::string_view line);

}  // namespace lacuna::viewer
