#include "base/options/arguments.h"

#include <doctest/doctest.h>

#include <sstream>

#include "base/error.h"

using namespace lacuna;

namespace {

class Draw : public Verb {
 public:
  Draw() : Verb("draw", "Draw a picture that is described by several words of a long sentence") {
    fields.group("What to draw");
    fields.add("prompt", words, "TEXT", "What to draw").positional();
    fields.add("from", file, "FILE", "Prompts from a file").required();
    fields.add("edit", edits, "FILE[:X]", "Draw with this edit").also("with");
    fields.group("Output");
    fields.add("steps", steps, "N", "Steps of the sampler").range(1, 50, "25 is usual");
    fields.add("force", force, "Replace what exists");
    notes_ = "A note.";
  }
  std::vector<std::string> words, edits;
  std::string file;
  int steps = 25;
  bool force = false;
};

struct Root : VerbGroup {
  Root() : VerbGroup("program", "A program") {
    is_program_ = true;
    auto group = std::make_unique<VerbGroup>("make", "Makes things");
    group->inner.push_back(std::make_unique<Draw>());
    inner.push_back(std::move(group));
    inner.push_back(std::make_unique<Draw>());
    draw = static_cast<Draw*>(inner.back().get());
  }
  Draw* draw;
};

Arguments parse(Root& root, const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return parse_arguments(root, words);
}

void refuses(const std::string& line, const char* why) {
  CAPTURE(line);
  Root root;
  CHECK_THROWS_WITH_AS(parse(root, line), why, InputError);
}

}  // namespace

TEST_CASE("a line of words sets the fields of a verb") {
  Root root;
  const Arguments a =
      parse(root, "draw red --edit a --steps=3 circle --with b --from x --force -- --steps");
  CHECK(a.verb == root.draw);
  CHECK(a.path == "program draw");
  CHECK(a.wish == Arguments::run);
  const Draw& d = *root.draw;
  CHECK(d.words == std::vector<std::string>{"red", "circle", "--steps"});
  CHECK(d.edits == std::vector<std::string>{"a", "b"});
  CHECK(d.steps == 3);
  CHECK(d.file == "x");
  CHECK(d.force);
}

TEST_CASE("verbs below verbs, help and version") {
  Root root;
  CHECK(parse(root, "make draw --from x").path == "program make draw");
  CHECK(parse(root, "--version").wish == Arguments::version);
  CHECK(parse(root, "--help").verb == &root);
  CHECK(parse(root, "draw --steps 99 -h --nonsense").wish == Arguments::help);
  Root again;
  CHECK(parse(again, "draw --force=false --from -3 -5").wish == Arguments::run);
  CHECK_FALSE(again.draw->force);
  CHECK(again.draw->file == "-3");  // a value may look like an option
  CHECK(again.draw->words == std::vector<std::string>{"-5"});
}

TEST_CASE("what is unknown is refused with the nearest name") {
  refuses("", "[program] say what to do; `program --help` lists the verbs");
  refuses("make", "[make] say what to do; `program make --help` lists the verbs");
  refuses("paint", "[program] 'paint' is no verb; `program --help` lists them");
  refuses("darw --from x", "[program] 'darw' is no verb; did you mean `draw`?");
  refuses("draw --step 3", "[draw] --step is no option of `program draw`; did you mean --steps?");
  refuses("draw -step 3", "[draw] -step is no option of `program draw`; did you mean --steps?");
  refuses("draw --elephant",
          "[draw] --elephant is no option of `program draw`; `program draw --help` lists them");
  refuses("draw --version",
          "[draw] --version is no option of `program draw`; `program draw "
          "--help` lists them");
  refuses("draw ---",
          "[draw] --- is no option of `program draw`; `program draw --help` lists them");
  refuses("draw --prompt red",
          "[draw] --prompt is no option of `program draw`; `program draw --help` lists them");
}

TEST_CASE("values that are missing, doubled or out of range") {
  refuses("draw --from x --steps", "[draw] --steps needs a value, N");
  refuses("draw --from x --steps 0", "[draw] --steps 0 is out of range; 25 is usual");
  refuses("draw --from x --steps 3 --steps 4", "[draw] --steps is given twice; give it once");
  refuses("draw red", "[draw] --from is missing; `program draw --help` explains it");
}

TEST_CASE("help groups options under their headings, within 80 columns") {
  Root root;
  CHECK(help_text(*root.draw, "program draw") ==
        "Draw a picture that is described by several words of a long sentence\n"
        "Usage: program draw [OPTIONS] [TEXT]\n"
        "\n"
        "What to draw:\n"
        "  prompt TEXT             What to draw\n"
        "  --from FILE             Prompts from a file\n"
        "  --edit,--with FILE[:X]  Draw with this edit\n"
        "\n"
        "Output:\n"
        "  --steps N               Steps of the sampler (default: 25)\n"
        "  --force                 Replace what exists\n"
        "\n"
        "Help:\n"
        "  -h,--help               Print this help message and exit\n"
        "\n"
        "A note.\n");
  const std::string all = help_text(root, "program");
  CHECK(all.find("  --version               Print version and commit") != std::string::npos);
  CHECK(all.find("Usage: program VERB [OPTIONS]\n") != std::string::npos);
  CHECK(all.find("  draw                    Draw a picture") != std::string::npos);
  std::istringstream lines(all);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
}
