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

std::vector<uint32_t> words_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
  std::vector<uint32_t> words(bytes.size() % 4 == 0 ? bytes.size() / 4 : 0);
  for (size_t b = 0; b < 4 * words.size(); b++)
    words[b / 4] |= uint32_t{static_cast<unsigned char>(bytes[b])} << b % 4 * 8;
  return words;
}

std::string text_of(const std::vector<uint32_t>& words) {
  std::string text;
  for (size_t w = 0; w < words.size(); w++)
    text += std::to_string(words[w]) + (w % 16 == 15 ? "u,\n" : "u,");
  return text;
}

// Bit n for a specialization constant of number n: "OpDecorate target SpecId n".
uint64_t constants_of(const std::vector<uint32_t>& words) {
  constexpr uint32_t header = 5, decorate = 71, spec_id = 1;
  uint64_t constants = 0;
  for (size_t w = header; w < words.size() && words[w] >> 16 > 0; w += words[w] >> 16)
    if (words[w] == (4 << 16 | decorate) && words[w + 2] == spec_id)
      constants |= uint64_t{1} << words[w + 3];
  return constants;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::string text = "#include \"shaders/kernels.h\"\nnamespace lacuna {\nnamespace {\n";
  std::map<std::string, std::string> variants;  // of a kernel
  for (int i = 2; i < argc; i++) {
    const std::string name = std::filesystem::path(argv[i]).stem().string();
    const std::vector<uint32_t> words = words_of(argv[i]);
    const size_t dot = name.rfind('.');
    if (words.empty() || dot == std::string::npos) {
      std::fprintf(stderr, "embed_spirv: %s is not a SPIR-V module\n", argv[i]);
      return 1;
    }
    const std::string id = "m" + std::to_string(i);
    text += "constexpr uint32_t " + id + "[] = {" + text_of(words) + "};\n";
    variants[name.substr(0, dot)] += "{\"" + name.substr(dot + 1) + "\", " + id + ", " +
                                     std::to_string(constants_of(words)) + "u}, ";
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
