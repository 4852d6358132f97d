// Dear ImGui's triangles: positions in window coordinates, colours as sRGB.
#version 450
layout(location = 0) in vec2 position;
layout(location = 1) in vec2 uv;
layout(location = 2) in vec4 colour;
layout(push_constant) uniform Window {
  vec2 scale, shift;
};
layout(location = 0) out vec2 uv_out;
layout(location = 1) out vec4 colour_out;

void main() {
  uv_out = uv;
  colour_out = colour;
  gl_Position = vec4(position * scale + shift, 0, 1);
}
