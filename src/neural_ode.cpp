// SPDX-License-Identifier: BSD-3-Clause
// Neural differential equations, compiled once.
#include "almagest/neural/hamiltonian.hpp"
#include "almagest/neural/integral_equation.hpp"
#include "almagest/neural/leads.hpp"
#include "almagest/neural/neural_ode.hpp"
#include "almagest/neural/reduced_ode.hpp"

namespace almagest::inline ALMAGEST_ABI::neural {

template class RungeKutta<double>;
template class GradientLayer<double>;

}  // namespace almagest::inline ALMAGEST_ABI::neural

namespace almagest::inline ALMAGEST_ABI::neural::detail {

using Runs = std::vector<TrajectoryView<double>>;
using Rates = std::vector<Eigen::MatrixXd>;

template ALMAGEST_EXPORT Network<double> field(const NeuralOde&, const Eigen::VectorXd&);
template ALMAGEST_EXPORT std::shared_ptr<const StepMap<double>> method(const NeuralOde&, const Network<double>&);
template struct HamiltonianNets<double>;
template ALMAGEST_EXPORT std::shared_ptr<const PicardMap<double>> picard(const IntegralEquation&,
                                                                         const Eigen::VectorXd&);
template ALMAGEST_EXPORT Network<double> field(const Leads&, const Eigen::VectorXd&, Eigen::Index);
template ALMAGEST_EXPORT NeuralOdeModel<double> fit_neural_ode(const NeuralOde&, const Runs&, const Rates&, const Runs&,
                                                               const Training&, const Progress&);
template ALMAGEST_EXPORT HamiltonianModel<double> fit_hamiltonian(const HamiltonianNetwork&, const Runs&, const Rates&,
                                                                  const Runs&, const Training&, const Progress&);
template ALMAGEST_EXPORT LeadsModel<double> fit_leads(const Leads&, const Environments<double>&,
                                                      const Environments<double>&, const Training&, const Progress&);
template ALMAGEST_EXPORT ReducedOdeModel<double> fit_reduced_ode(const ReducedOde&, const Runs&, const Rates&,
                                                                 const Runs&, const Training&, const Progress&);
template ALMAGEST_EXPORT ReducedOdeModel<double> reduce(const NeuralOdeModel<double>&, const Runs&, Eigen::Index,
                                                        Eigen::Index);
template ALMAGEST_EXPORT IntegralEquationModel<double> fit_integral_equation(const IntegralEquation&, const Runs&,
                                                                             const Runs&, const Training&,
                                                                             const Progress&);

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
