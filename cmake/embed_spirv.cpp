// embed_spirv OUT.cpp NAME.spv...: writes the modules as one table of 32-bit words (shaders/modules.h).
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::string text = "#include \"shaders/modules.h\"\n#include <cstdint>\nnamespace lacuna {\nnamespace {\n";
  std::string table;
  for (int i = 2; i < argc; i++) {
    std::ifstream in(argv[i], std::ios::binary);
    std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
    if (bytes.empty() || bytes.size() % 4 != 0) {
      std::fprintf(stderr, "embed_spirv: %s is not a SPIR-V module\n", argv[i]);
      return 1;
    }
    std::string words;
    for (size_t b = 0; b < bytes.size(); b += 4) {
      uint32_t word = 0;
      for (int k = 3; k >= 0; k--) word = word << 8 | static_cast<unsigned char>(bytes[b + k]);
      words += std::to_string(word) + "u,";
      if (b % 64 == 60) words += '\n';
    }
    const std::string id = "m" + std::to_string(i);
    const std::string name = std::filesystem::path(argv[i]).stem().string();
    text += "constexpr uint32_t " + id + "[] = {" + words + "};\n";
    table += "  {\"" + name + "\", " + id + "},\n";
  }
  text += "constexpr Module table[] = {\n" + table + "};\n}  // namespace\n";
  text += "std::span<const Module> modules() { return table; }\n}  // namespace lacuna\n";
  std::ofstream out(argv[1], std::ios::binary);
  out << text;
  return out.flush() ? 0 : 1;
}
