#include "engine/plan.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/options/option.h"
#include "base/tensors/half.h"
#include "engine/vulkan/plan_impl.h"

namespace lacuna {
namespace {

// Work is submitted in pieces that even a slow GPU (500 GFLOP/s, 50 GB/s) ends within about 8 ms:
// the watchdogs of desktops stay quiet, and a window's frame comes between two of them.
constexpr double piece_flop = 4e9, piece_bytes = 4e8;
constexpr size_t piece_dispatches = 100;

std::string shape_text(const Node& n) {
  std::string text;
  for (size_t i = 0; i < n.inputs.size() && i < 2; i++)
    text += (i ? " , " : "") + n.inputs[i].shape().str();
  return n.outputs.empty() ? text : text + " -> " + n.out().str();
}

}  // namespace

std::shared_ptr<Arena> make_arena(Device& device, int64_t block) {
  return std::make_shared<Arena>(device, block);
}

Plan::Impl::Impl(Device& d, const PlanOptions& options)
    : device(d), traits(options.traits.value_or(d.traits())), arena(options.arena) {
  if (arena) return;
  std::shared_ptr<Arena>& own = d.impl().arena;
  if (!own) own = make_arena(d);
  arena = own;
}

Plan::Impl::~Impl() {
  Device::Impl& d = device.impl();
  for (VkFence fence : fences) d.vk.vkDestroyFence(d.device, fence, nullptr);
  forget_commands();
  if (arena->holder == this) arena->holder = nullptr;
  if (joined) arena->leave(placement.arena_bytes);
}

void Plan::Impl::forget_commands() {
  Device::Impl& d = device.impl();
  if (!commands.empty())
    d.vk.vkFreeCommandBuffers(d.device, d.pool, static_cast<uint32_t>(commands.size()),
                              commands.data());
  commands.clear();
}

Plan::Plan(Device& device, const Graph& graph, const PlanOptions& options)
    : impl_(std::make_unique<Impl>(device, options)) {
  impl_->build(graph);
}
Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

void Plan::Impl::build(const Graph& graph) {
  const std::vector<uint32_t> kept = prune(graph);
  dispatches = lower(graph, kept, traits, [](uint32_t) { return uint64_t{0}; });
  place_inputs(graph);
  place_arena(graph);
  place_outputs(graph);
  for (uint32_t id = 0; id < graph.values().size(); id++)
    if (const Value& value = graph.values()[id]; value.storage == Storage::parameter)
      parameters[id] = value.address;
  find_barriers(graph);
  describe_nodes(graph, kept);
  for (const uint32_t index : kept) {
    Node& node = lowered.emplace_back(graph.nodes()[index]);
    for (auto* tensors : {&node.inputs, &node.outputs})
      for (Tensor& t : *tensors) t.graph = nullptr;  // which need not live as long
  }
  bind();
}

uint64_t Plan::Impl::address(uint32_t value) const {
  if (const auto found = parameters.find(value); found != parameters.end()) return found->second;
  const Home& home = homes.at(value);
  return home.buffer->address() + static_cast<uint64_t>(home.offset);
}

// The order of dispatches and the overlaps between them hold wherever the arena lies.
void Plan::Impl::find_barriers(const Graph& graph) {
  std::vector<std::vector<Range>> ranges(dispatches.size());
  for (size_t i = 0; i < dispatches.size(); i++)
    for (const Access& access : dispatches[i].accesses) {
      const uint64_t begin = address(access.value);
      ranges[i].push_back({begin,
                           begin + static_cast<uint64_t>(graph.values()[access.value].bytes()),
                           access.write});
    }
  barrier_before = barriers(ranges);
}

void Plan::Impl::bind() {
  dispatches = lower(lowered, traits, [this](uint32_t value) { return address(value); });
  generation = arena->generation();
  forget_commands();
  if (!device.count_only()) record();
}

void Plan::Impl::take_arena() {
  arena->fit();
  if (generation != arena->generation()) bind();
  arena->holder = this;
}

void Plan::Impl::place_inputs(const Graph& graph) {
  int64_t bytes = 0;
  for (uint32_t id = 0; id < graph.values().size(); id++) {
    const Value& value = graph.values()[id];
    if (value.storage != Storage::input) continue;
    homes[id] = {&inputs, bytes};
    if (!input_names.emplace(value.name, Named{value.type, homes[id], bytes}).second)
      throw InputError("[plan] two inputs are named '{}'", value.name);
    bytes += aligned(value.bytes());
  }
  inputs = Buffer(device, static_cast<uint64_t>(bytes), Memory::device, "inputs");
  staging = Buffer(device, static_cast<uint64_t>(bytes), Memory::upload, "input staging");
}

void Plan::Impl::place_arena(const Graph& graph) {
  const int64_t block = arena->block();
  const std::vector<Lifetime> lives = lifetimes(graph, dispatches);
  for (const Lifetime& life : lives)
    if (life.bytes > block)
      throw DeviceError(
          "[plan] one tensor of {} needs {:.1f} MiB and '{}' gives at most {:.1f} MiB in one "
          "piece; use a smaller {}, {} or {} f16",
          graph.values()[life.value].type.shape.str(), life.bytes / 1048576.0, device.info().name,
          block / 1048576.0, option("batch"), option("size"), option("precision"));
  placement = place(lives, block);
  arena->join(placement.arena_bytes);
  joined = true;
  for (size_t i = 0; i < lives.size(); i++)
    homes[lives[i].value] = {&arena->buffer(placement.offsets[i] / block),
                             placement.offsets[i] % block};
}

void Plan::Impl::place_outputs(const Graph& graph) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : graph.outputs()) {
    const auto home = homes.find(tensor.id);
    if (home == homes.end())
      throw InputError("[plan] output '{}' is a parameter, and parameters are not read back", name);
    if (!output_names.emplace(name, Named{tensor.type, home->second, bytes}).second)
      throw InputError("[plan] two outputs are named '{}'", name);
    bytes += aligned(tensor.shape().elements() * size_of(tensor.dtype()));
  }
  readback = Buffer(device, static_cast<uint64_t>(bytes), Memory::download, "output readback");
}

void Plan::Impl::describe_nodes(const Graph& graph, std::span<const uint32_t> kept) {
  std::unordered_map<uint32_t, size_t> position;
  for (uint32_t index : kept) {
    const Node& n = graph.nodes()[index];
    NodeInfo info{n.op->name, n.scope, shape_text(n), 0, 0, {}, {}};
    if (n.op->flop) info.flop = n.op->flop(n);
    for (const Tensor& t : n.inputs) info.bytes += t.shape().elements() * size_of(t.dtype());
    if (!n.outputs.empty()) {
      info.type = n.outputs[0].type;
      info.bytes += n.out().elements() * size_of(n.dtype());
      if (const auto home = homes.find(n.outputs[0].id); home != homes.end())
        info.result = home->second;
    }
    position[index] = nodes.size();
    nodes.push_back(std::move(info));
  }
  for (const Dispatch& d : dispatches) node_of_dispatch.push_back(position.at(d.node));
}

void Plan::Impl::barrier(VkCommandBuffer cb, VkPipelineStageFlags from, VkAccessFlags had,
                         VkPipelineStageFlags to, VkAccessFlags wants) {
  const VkMemoryBarrier memory{VK_STRUCTURE_TYPE_MEMORY_BARRIER, nullptr, had, wants};
  device.impl().vk.vkCmdPipelineBarrier(cb, from, to, 0, 1, &memory, 0, nullptr, 0, nullptr);
}

void Plan::Impl::copy_inputs(VkCommandBuffer cb) {
  // The previous run's kernels are done (run() waits), so only the copy itself needs ordering.
  const VkBufferCopy whole{0, 0, inputs.bytes()};
  device.impl().vk.vkCmdCopyBuffer(cb, (VkBuffer)staging.handle(), (VkBuffer)inputs.handle(), 1,
                                   &whole);
  barrier(cb, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT,
          VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_ACCESS_SHADER_READ_BIT);
}

void Plan::Impl::copy_outputs(VkCommandBuffer cb) {
  barrier(cb, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
          VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT, VK_PIPELINE_STAGE_TRANSFER_BIT,
          VK_ACCESS_TRANSFER_READ_BIT);
  for (const auto& [name, o] : output_names) {
    const VkBufferCopy part{static_cast<uint64_t>(o.home.offset), static_cast<uint64_t>(o.staged),
                            static_cast<uint64_t>(o.type.shape.elements() * size_of(o.type.dtype))};
    device.impl().vk.vkCmdCopyBuffer(cb, (VkBuffer)o.home.buffer->handle(),
                                     (VkBuffer)readback.handle(), 1, &part);
  }
  barrier(cb, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT,
          VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
}

void Plan::Impl::record_dispatch(VkCommandBuffer cb, size_t i) {
  Device::Impl& d = device.impl();
  const Dispatch& dispatch = dispatches[i];
  if (barrier_before[i])
    barrier(cb, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_ACCESS_SHADER_WRITE_BIT,
            VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT,
            VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT);
  d.vk.vkCmdBindPipeline(cb, VK_PIPELINE_BIND_POINT_COMPUTE, d.pipeline(dispatch));
  d.vk.vkCmdPushConstants(cb, d.layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, dispatch.push_bytes,
                          dispatch.push.data());
  d.vk.vkCmdDispatch(cb, dispatch.groups.x, dispatch.groups.y, dispatch.groups.z);
}

std::vector<size_t> Plan::Impl::piece_ends() const {
  std::vector<double> dispatches_of(nodes.size());
  for (const size_t node : node_of_dispatch) dispatches_of[node]++;
  std::vector<size_t> ends;
  double filled = 0;  // of the piece that begins at ends.back()
  for (size_t i = 0; i < dispatches.size(); i++) {
    const size_t node = node_of_dispatch[i];
    const double share =
        (nodes[node].flop / piece_flop + nodes[node].bytes / piece_bytes) / dispatches_of[node];
    const size_t begin = ends.empty() ? 0 : ends.back();
    if (i > begin && (filled + share > 1 || i - begin == piece_dispatches)) {
      ends.push_back(i);
      filled = 0;
    }
    filled += share;
  }
  ends.push_back(dispatches.size());
  return ends;
}

void Plan::Impl::record() {
  Device::Impl& d = device.impl();
  d.make_pipelines(dispatches);
  const std::vector<size_t> ends = piece_ends();
  const size_t count = ends.size();
  VkCommandBufferAllocateInfo allocate{VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO};
  allocate.commandPool = d.pool;
  allocate.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  allocate.commandBufferCount = static_cast<uint32_t>(count);
  commands.resize(count);
  VK_CHECK(d.vk.vkAllocateCommandBuffers(d.device, &allocate, commands.data()));
  for (size_t c = 0; c < count; c++) {
    const VkCommandBufferBeginInfo begin{VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    VK_CHECK(d.vk.vkBeginCommandBuffer(commands[c], &begin));
    if (c == 0) copy_inputs(commands[c]);
    for (size_t i = c ? ends[c - 1] : 0; i < ends[c]; i++) record_dispatch(commands[c], i);
    if (c + 1 == count) copy_outputs(commands[c]);
    VK_CHECK(d.vk.vkEndCommandBuffer(commands[c]));
  }
  const VkFenceCreateInfo info{VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
  for (VkFence& fence : fences)
    if (!fence) VK_CHECK(d.vk.vkCreateFence(d.device, &info, nullptr, &fence));
}

void Plan::Impl::check_inputs() const {
  if (device.count_only()) throw DeviceError("[plan] this device only counts memory");
  for (const auto& [name, input] : input_names)
    if (!input.set) throw InputError("[plan] input '{}' was never set", name);
}

void Plan::Impl::set(const std::string& name, DType type, const void* data, size_t count) {
  const auto found = input_names.find(name);
  if (found == input_names.end()) throw InputError("[plan] there is no input '{}'", name);
  Named& input = found->second;
  if (input.type.dtype != type || input.type.shape.elements() != static_cast<int64_t>(count))
    throw InputError("[plan] input '{}' is {} {} and got {} values of {}", name,
                     name_of(input.type.dtype), input.type.shape.str(), count, name_of(type));
  if (staging.mapped()) std::memcpy(staging.mapped() + input.staged, data, count * 4);
  input.set = true;
}

void Plan::set(const std::string& input, std::span<const float> data) {
  impl_->set(input, DType::f32, data.data(), data.size());
}
void Plan::set(const std::string& input, std::span<const int32_t> data) {
  impl_->set(input, DType::i32, data.data(), data.size());
}

bool Plan::ready() const {
  return std::all_of(impl_->input_names.begin(), impl_->input_names.end(),
                     [](const auto& input) { return input.second.set; });
}

void Plan::run() {
  impl_->check_inputs();
  impl_->take_arena();
  Device::Impl& d = impl_->device.impl();
  const size_t count = impl_->commands.size();
  const auto wait = [&](size_t c) {
    VK_CHECK(d.vk.vkWaitForFences(d.device, 1, &impl_->fences[c % 2], VK_TRUE, UINT64_MAX));
  };
  for (size_t c = 0; c < count; c++) {
    // On a queue that is shared with drawing, two pieces are under way: the device is never idle,
    // and a frame waits for two of them instead of for all.
    const bool last = c + 1 == count, tells = d.shares_queue || last;
    VkSubmitInfo submit{VK_STRUCTURE_TYPE_SUBMIT_INFO};
    submit.commandBufferCount = 1;
    submit.pCommandBuffers = &impl_->commands[c];
    const VkFence fence = tells ? impl_->fences[c % 2] : VK_NULL_HANDLE;
    if (fence) VK_CHECK(d.vk.vkResetFences(d.device, 1, &fence));
    {
      const std::scoped_lock lock(d.submitting);
      VK_CHECK(d.vk.vkQueueSubmit(d.queue, 1, &submit, fence));
    }
    if (d.shares_queue && c > 0) wait(c - 1);
    if (last) wait(c);
  }
}

namespace {

std::vector<float> to_floats(std::span<const std::byte> bytes, DType type, int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  if (type == DType::f32) std::memcpy(values.data(), bytes.data(), values.size() * 4);
  for (size_t i = 0; i < values.size() && type != DType::f32; i++) {
    if (type == DType::f16) {
      uint16_t half;
      std::memcpy(&half, bytes.data() + i * 2, 2);
      values[i] = float_from_half(half);
    } else {
      int32_t whole;
      std::memcpy(&whole, bytes.data() + i * 4, 4);
      values[i] = static_cast<float>(whole);
    }
  }
  return values;
}

}  // namespace

const Plan::Impl::Named& Plan::Impl::output(const std::string& name) const {
  const auto found = output_names.find(name);
  if (found == output_names.end()) throw InputError("[plan] there is no output '{}'", name);
  return found->second;
}

Buffer Plan::copy(const std::string& output) const {
  const Impl::Named& o = impl_->output(output);
  if (!impl_->device.count_only() && impl_->arena->holder != impl_.get())
    throw DeviceError("[plan] another plan has run since '{}' was computed; copy it before",
                      output);
  const VkBufferCopy part{static_cast<uint64_t>(o.home.offset), 0,
                          static_cast<uint64_t>(o.type.shape.elements() * size_of(o.type.dtype))};
  Buffer own(impl_->device, part.size, Memory::device, "a result that is kept");
  if (impl_->device.count_only()) return own;
  Device::Impl& d = impl_->device.impl();
  d.run_once([&](VkCommandBuffer cb) {
    impl_->barrier(cb, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, VK_ACCESS_MEMORY_WRITE_BIT,
                   VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_READ_BIT);
    d.vk.vkCmdCopyBuffer(cb, (VkBuffer)o.home.buffer->handle(), (VkBuffer)own.handle(), 1, &part);
    impl_->barrier(cb, VK_PIPELINE_STAGE_TRANSFER_BIT, VK_ACCESS_TRANSFER_WRITE_BIT,
                   VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
  });
  return own;
}

std::vector<float> Plan::get(const std::string& output) const {
  const Impl::Named& o = impl_->output(output);
  const int64_t count = o.type.shape.elements();
  return to_floats(
      {impl_->readback.mapped() + o.staged, static_cast<size_t>(count * size_of(o.type.dtype))},
      o.type.dtype, count);
}

std::vector<float> Plan::Impl::read(const Home& home, TensorType type) const {
  const int64_t count = type.shape.elements();
  std::vector<std::byte> bytes(static_cast<size_t>(count * size_of(type.dtype)));
  device.download(*home.buffer, static_cast<uint64_t>(home.offset), bytes);
  return to_floats(bytes, type.dtype, count);
}

const Placement& Plan::placement() const { return impl_->placement; }
std::span<const Dispatch> Plan::dispatches() const { return impl_->dispatches; }
size_t Plan::dispatch_count() const { return impl_->dispatches.size(); }
size_t Plan::barrier_count() const {
  return static_cast<size_t>(
      std::count(impl_->barrier_before.begin(), impl_->barrier_before.end(), true));
}

}  // namespace lacuna
