#include "jobs/erase/anchored_uce.h"

#include "erase/closed/uce.h"

namespace lacuna {

CrossAttention AnchoredUce::matrices_of(StableDiffusion& model) {
  return CrossAttention::read(model.unet_weights().file(), "kv", model.text_encoder().width());
}

AnchoredUce::AnchoredUce(StableDiffusion& model, const CrossAttention& attention,
                         const std::vector<Phrasing>& learned, std::vector<std::string> kept,
                         const std::function<void()>& go_on)
    : attention_(attention) {
  kept.push_back("");  // guidance leans on it at every step
  states_ = concept_states(model.text_encoder(), learned, kept, Tokens::all,
                           [&](size_t, size_t) { go_on(); });
}

std::vector<Trainables::Export> AnchoredUce::edited(double scale) const {
  Uce uce({.erase_scale = scale});
  uce.prepare(states_, attention_.matrices);
  return lacuna::edited(uce, attention_);
}

}  // namespace lacuna
