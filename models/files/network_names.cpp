#include "models/files/network_names.h"

#include "base/file.h"
#include "base/json.h"
#include "models/files/model_files.h"
#include "models/files/weight_names.h"
#include "models/text/clip_text.h"
#include "models/unet.h"
#include "models/vae.h"

namespace lacuna {

std::vector<std::string> network_names(const std::filesystem::path& model, ModelPart of) {
  const std::filesystem::path config = part(model, of->folder) / "config.json";
  WeightNames names(display(config));
  switch (of->network) {
    case Network::unet:
      UNet(names, UNetConfig::from(configuration(model, of)));
      break;
    case Network::clip_text:
      ClipText(names, ClipTextConfig::from_file(config));
      break;
    case Network::vae:
      VaeEncoder(names, VaeConfig::from_file(config));
      VaeDecoder(names, VaeConfig::from_file(config));
      break;
  }
  return names.names();
}

}  // namespace lacuna
