// SPDX-License-Identifier: BSD-3-Clause
// Recurrent networks and Koopman autoencoders, compiled once.
#include "almagest/neural/koopman_training.hpp"
#include "almagest/neural/plrnn_model.hpp"
#include "almagest/neural/sequence_model.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

template class AlrnnLayer<double>;
template class ShallowPlrnnLayer<double>;
template class GruLayer<double>;
template class S4dLayer<double>;

}  // namespace almagest::inline ALMAGEST_ABI::neural

namespace almagest::inline ALMAGEST_ABI::neural::detail {

template ALMAGEST_EXPORT double von_neumann_entropy<double>(const Eigen::MatrixXd&, double,
                                                            Eigen::Ref<Eigen::MatrixXd>);
template ALMAGEST_EXPORT double surprise<double>(const Eigen::MatrixXd&, const Eigen::MatrixXd&, double, double,
                                                 Eigen::Ref<Eigen::MatrixXd>, Eigen::Ref<Eigen::MatrixXd>);
template class AutoencoderObjective<double>;

using RunViews = std::vector<TrajectoryView<double>>;

template ALMAGEST_EXPORT std::shared_ptr<const Layer<double>> layer_of(const PiecewiseLinear&, Eigen::Index);
template ALMAGEST_EXPORT Network<double> memory_network(const WithMemory&, Eigen::Index);
template ALMAGEST_EXPORT PlrnnModel<double> fit_plrnn(const PiecewiseLinear&, const RunViews&, const RunViews&,
                                                      const Training&, const Progress&);
template ALMAGEST_EXPORT SequenceModel<double> fit_sequence(const WithMemory&, const RunViews&, const RunViews&,
                                                            const Training&, const Progress&);
template ALMAGEST_EXPORT AutoencoderModel<double> fit_autoencoder(const KoopmanAutoencoder&, const RunViews&,
                                                                  const RunViews&, const Training&, const Progress&);

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
