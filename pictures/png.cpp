// PNG files with text chunks (PNG specification, third edition, 11.3.3). stb writes the pixels; the
// chunks are put behind its header, where Pillow puts them. A chunk is: length, type, data, CRC.
#define STBI_NO_STDIO
#include <stb_image.h>
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

#include <array>
#include <cassert>
#include <memory>
#include <new>

#include "base/error.h"
#include "base/unicode.h"
#include "pictures/image.h"

// In stb_image_write.h's implementation part only.
extern "C" unsigned char* stbi_write_png_to_mem(const unsigned char* pixels, int stride, int width,
                                                int height, int channels, int* size);

namespace lacuna {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view signature = "\x89PNG\r\n\x1a\n"sv;
constexpr size_t header_size = 8 + 12 + 13;  // signature and IHDR
constexpr size_t longest_text = 1 << 20;     // of a compressed chunk: no bombs

uint32_t crc32(std::string_view bytes) {
  static const std::array<uint32_t, 256> table = [] {
    std::array<uint32_t, 256> entries{};
    for (uint32_t n = 0; n < 256; ++n) {
      uint32_t c = n;
      for (int bit = 0; bit < 8; ++bit) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
      entries[n] = c;
    }
    return entries;
  }();
  uint32_t crc = ~0u;
  for (char byte : bytes) crc = table[(crc ^ static_cast<uint8_t>(byte)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

std::string big_endian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

uint32_t read_big_endian(std::string_view bytes) {
  uint32_t value = 0;
  for (char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

std::string chunk(const std::string& type_and_data) {
  return big_endian(static_cast<uint32_t>(type_and_data.size() - 4)) + type_and_data +
         big_endian(crc32(type_and_data));
}

// A zero byte would end the keyword or the text.
std::u32string without_zeros(std::string_view utf8) {
  std::u32string text = decode_utf8(utf8);
  for (char32_t& c : text) {
    if (c == 0) c = 0xfffd;
  }
  return text;
}

bool to_latin1(std::u32string_view text, std::string& latin1) {
  for (char32_t c : text) {
    if (c > 0xff) return false;
    latin1 += static_cast<char>(c);
  }
  return true;
}

std::string from_latin1(std::string_view latin1) {
  std::string utf8;
  for (char c : latin1) append_utf8(utf8, static_cast<uint8_t>(c));
  return utf8;
}

std::string text_chunk(std::string_view keyword, std::string_view value) {
  std::string key, latin1;
  [[maybe_unused]] const bool fits = to_latin1(without_zeros(keyword), key);
  assert(fits && !key.empty() && key.size() < 80);
  const std::u32string text = without_zeros(value);
  if (to_latin1(text, latin1)) return chunk("tEXt" + key + '\0' + latin1);
  // Not compressed, no language, no translated keyword.
  return chunk("iTXt" + key + std::string(5, '\0') + encode_utf8(text));
}

std::string inflate(std::string_view bytes) {
  std::string text(longest_text, '\0');
  const int size = stbi_zlib_decode_buffer(text.data(), static_cast<int>(text.size()), bytes.data(),
                                           static_cast<int>(bytes.size()));
  text.resize(size < 0 ? 0 : static_cast<size_t>(size));
  return text;
}

// Removes and returns what comes before the next zero byte.
std::string_view take_field(std::string_view& data) {
  const std::string_view field = data.substr(0, data.find('\0'));
  data.remove_prefix(std::min(data.size(), field.size() + 1));
  return field;
}

void read_text_chunk(std::string_view type, std::string_view data, TextChunks& texts) {
  if (type != "tEXt" && type != "zTXt" && type != "iTXt") return;
  const std::string keyword = from_latin1(take_field(data));
  if (type == "tEXt") {
    texts.emplace_back(keyword, from_latin1(data));
    return;
  }
  const size_t flags =
      type == "zTXt" ? 1 : 2;  // the method; before it, in iTXt, whether it is used
  const bool compressed = type == "zTXt" || (!data.empty() && data[0] == 1);
  data.remove_prefix(std::min(data.size(), flags));
  if (type == "iTXt") {
    take_field(data);  // language
    take_field(data);  // keyword in that language
  }
  const std::string text = compressed ? inflate(data) : std::string(data);
  texts.emplace_back(keyword, type == "zTXt" ? from_latin1(text) : encode_utf8(decode_utf8(text)));
}

}  // namespace

std::vector<std::byte> encode_png(const Image& image, const TextChunks& texts) {
  assert(image.width > 0 && image.height > 0);
  int size = 0;
  const std::unique_ptr<unsigned char, decltype(&std::free)> png(
      stbi_write_png_to_mem(image.rgb.data(), image.width * 3, image.width, image.height, 3, &size),
      std::free);
  if (!png) throw std::bad_alloc();
  std::string file(reinterpret_cast<const char*>(png.get()), static_cast<size_t>(size));
  std::string chunks;
  for (const auto& [keyword, value] : texts) chunks += text_chunk(keyword, value);
  file.insert(header_size, chunks);
  const std::span<const std::byte> bytes = std::as_bytes(std::span(file));
  return {bytes.begin(), bytes.end()};
}

bool is_png(std::span<const std::byte> file) {
  return std::string_view(reinterpret_cast<const char*>(file.data()), file.size())
      .starts_with(signature);
}

TextChunks png_texts(std::span<const std::byte> file, const std::string& name) {
  if (!is_png(file)) throw InputError("[image] {} is no PNG file; choose one", name);
  std::string_view rest(reinterpret_cast<const char*>(file.data()), file.size());
  rest.remove_prefix(signature.size());
  TextChunks texts;
  while (rest.size() >= 12) {
    const size_t length = read_big_endian(rest);
    if (length > rest.size() - 12) break;
    const std::string_view type_and_data = rest.substr(4, 4 + length);
    if (crc32(type_and_data) != read_big_endian(rest.substr(8 + length))) break;
    const std::string_view type = type_and_data.substr(0, 4);
    if (type == "IEND") return texts;
    read_text_chunk(type, type_and_data.substr(4), texts);
    rest.remove_prefix(12 + length);
  }
  throw InputError("[image] {} is a damaged PNG file; save it again", name);
}

std::string png_parameters(std::span<const std::byte> file, const std::string& name) {
  if (!is_png(file)) return "";
  for (const auto& [keyword, value] : png_texts(file, name))
    if (keyword == "parameters") return value;
  return "";
}

}  // namespace lacuna
