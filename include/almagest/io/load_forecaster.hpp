// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The definition of `load_forecaster`, with all models; compiled once where `almagest::compiled` is.

#include <algorithm>
#include <string>
#include <type_traits>

#include "almagest/core/errors.hpp"
#include "almagest/core/text.hpp"
#include "almagest/io/forecaster.hpp"
#include "almagest/io/model_file.hpp"
#include "almagest/io/operator_format.hpp"
#include "almagest/koopman/bagged_dmd.hpp"
#include "almagest/koopman/dmd_model.hpp"
#include "almagest/koopman/edmd_model.hpp"
#include "almagest/koopman/havok_model.hpp"
#include "almagest/koopman/multiresolution_dmd.hpp"
#include "almagest/koopman/optimized_dmd_model.hpp"
#include "almagest/neural/hamiltonian.hpp"
#include "almagest/neural/integral_equation.hpp"
#include "almagest/neural/koopman_autoencoder.hpp"
#include "almagest/neural/leads.hpp"
#include "almagest/neural/network_model.hpp"
#include "almagest/neural/neural_ode.hpp"
#include "almagest/neural/nvar.hpp"
#include "almagest/neural/operator_model.hpp"
#include "almagest/neural/plrnn_model.hpp"
#include "almagest/neural/reduced_ode.hpp"
#include "almagest/neural/reservoir.hpp"
#include "almagest/neural/separable.hpp"
#include "almagest/neural/sequence_model.hpp"
#include "almagest/sindy/map_model.hpp"
#include "almagest/sindy/model.hpp"
#include "almagest/sindy/pde_model.hpp"

namespace almagest::inline ALMAGEST_ABI {
namespace io::detail {

/// The model of an archive, of the first kind that fits.
template <typename Model, typename... Others>
AnyForecaster any_of(const compiled::Archive& archive, bool single) {
  using almagest::detail::text;
  if (archive.kind == ModelFormat<Model>::kind && single == std::is_same_v<typename Model::Scalar, float>)
    return AnyForecaster(from_archive<Model>(archive), archive.kind);
  if constexpr (sizeof...(Others) > 0)
    return any_of<Others...>(archive, single);
  else
    throw IoError(text("load_forecaster: \"", archive.origin, "\" holds a model of kind \"", archive.kind, "\" in ",
                       single ? "single" : "double", " precision, which this version, ", ALMAGEST_VERSION,
                       ", does not know; load it with the version that saved it, ", archive.library_version, "."));
}

}  // namespace io::detail

#if !defined(ALMAGEST_BUILDING_COMPILED)
inline
#endif
AnyForecaster load_forecaster(const std::string& path) {
  const compiled::Archive archive = compiled::read_archive(path);
  const bool single = std::any_of(archive.tensors.begin(), archive.tensors.end(),
                                  [](const auto& named) { return named.second.dtype == "F32"; });
  if (archive.kind == io::ModelFormat<neural::LeadsModel<double>>::kind)
    throw IoError(almagest::detail::text("load_forecaster: \"", path,
                                         "\" holds a model for each of several environments; load it by "
                                         "io::load<neural::LeadsModel<double>>, and take an environment() of it."));
  return io::detail::any_of<sindy::Model<double>, sindy::MapModel<double>, sindy::PdeModel, koopman::Dmd<double>,
                            koopman::Edmd<double>, koopman::Havok<double>, koopman::OptimizedDmd<double>,
                            koopman::BaggedDmd<double>, koopman::MultiresolutionDmd<double>,
                            neural::NetworkModel<double>, neural::ReservoirModel<double>, neural::NvarModel<double>,
                            neural::NeuralOdeModel<double>, neural::HamiltonianModel<double>,
                            neural::ReducedOdeModel<double>, neural::IntegralEquationModel<double>,
                            neural::OperatorModel<double>, neural::SeparableModel, neural::PlrnnModel<double>,
                            neural::SequenceModel<double>, neural::AutoencoderModel<double>, sindy::Model<float>,
                            sindy::MapModel<float>, koopman::Dmd<float>, neural::NetworkModel<float>,
                            neural::ReservoirModel<float>, neural::NvarModel<float>, neural::OperatorModel<float>>(
      archive, single);
}

}  // namespace almagest::inline ALMAGEST_ABI
