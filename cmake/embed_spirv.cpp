// embed_spirv OUT.cpp FILE.spv...: writes the modules as tables of 32-bit words and one Kernel
// constant per "<stem>.<kernel>" (shaders/kernel.h). Files are named <stem>.<kernel>.<type>.spv.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace {

std::string words_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
  if (bytes.size() % 4 != 0) return {};
  std::string text;
  for (size_t b = 0; b < bytes.size(); b += 4) {
    uint32_t word = 0;
    for (int k = 3; k >= 0; k--) word = word << 8 | static_cast<unsigned char>(bytes[b + k]);
    text += std::to_string(word) + "u,";
    if (b % 64 == 60) text += '\n';
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::string text = "#include \"shaders/kernels.h\"\nnamespace lacuna {\nnamespace {\n";
  std::map<std::string, std::string> variants;  // of a kernel
  for (int i = 2; i < argc; i++) {
    const std::string name = std::filesystem::path(argv[i]).stem().string();
    const std::string words = words_of(argv[i]);
    const size_t dot = name.rfind('.');
    if (words.empty() || dot == std::string::npos) {
      std::fprintf(stderr, "embed_spirv: %s is not a SPIR-V module\n", argv[i]);
      return 1;
    }
    const std::string id = "m" + std::to_string(i);
    text += "constexpr uint32_t " + id + "[] = {" + words + "};\n";
    variants[name.substr(0, dot)] += "{\"" + name.substr(dot + 1) + "\", " + id + "}, ";
  }
  std::string kernels, all;
  for (const auto& [name, list] : variants) {
    std::string id = name;
    id[id.find('.')] = '_';
    text += "constexpr KernelVariant v_" + id + "[] = {" + list + "};\n";
    kernels += "const Kernel " + id + " = {\"" + name + "\", v_" + id + "};\n";
    all += "&kernels::" + id + ", ";
  }
  text += "}  // namespace\nnamespace kernels {\n" + kernels + "}  // namespace kernels\n";
  text += "std::span<const Kernel* const> all_kernels() {\n  static const Kernel* const all[] = {" +
          all + "};\n  return all;\n}\n}  // namespace lacuna\n";
  std::ofstream out(argv[1], std::ios::binary);
  out << text;
  return out.flush() ? 0 : 1;
}
