// Gradients by reverse accumulation, as nodes of the same graph (Griewank and Walther 2008).
//
//   Tensor loss = mse(unet(z, t, c), target);
//   std::vector<Tensor> grads = gradients(loss, trained);   // f32, shaped like `trained`
//
// Only what lies between the loss and a wanted tensor gets nodes: frozen weights cost nothing.
// Activations that a backward function names stay in the arena until it has run.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/graph.h"

namespace lacuna {

// The gradients of <y, dy> with respect to each of `wanted`; dy is f32 and shaped like y. Throws
// InputError if y does not depend on a wanted tensor or an op in between has no backward function.
std::vector<Tensor> gradients(Tensor y, Tensor dy, std::span<const Tensor> wanted);
// Of a loss of one element.
std::vector<Tensor> gradients(Tensor loss, std::span<const Tensor> wanted);
// The same, piece by piece: `ready(i, gradient of wanted[i])` is called as soon as it is complete.
// Nodes that consume it there free its memory before the next is made.
using Ready = std::function<void(size_t, Tensor)>;
void gradients(Tensor loss, std::span<const Tensor> wanted, const Ready& ready);

// Runs `block`. If the graph says `recompute`, gradients() computes the block's intermediate
// results again from its inputs instead of keeping them (Chen et al. 2016): less memory for one
// more forward pass, and the same bits.
Tensor checkpoint(Graph& graph, const std::function<Tensor()>& block);

}  // namespace lacuna
