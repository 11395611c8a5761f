// SPDX-License-Identifier: BSD-3-Clause
// What the Koopman learners decompose, compiled once.
#include "almagest/koopman/compression.hpp"
#include "almagest/koopman/dictionary.hpp"
#include "almagest/koopman/leading_eigenvectors.hpp"
#include "almagest/koopman/spectrum.hpp"

namespace almagest::inline ALMAGEST_ABI {

namespace koopman {
template class Compression<double>;
namespace detail {
template ALMAGEST_EXPORT RealEigenvectors<double> real_eigenvectors(const Eigen::MatrixXd&,
                                                                    const char*);
template ALMAGEST_EXPORT RealEigenvectors<double> orthogonal_eigenvectors(const Eigen::MatrixXd&,
                                                                          const char*);
template ALMAGEST_EXPORT RealEigenvectors<double> leading_eigenvectors(const Eigen::MatrixXd&,
                                                                       Eigen::Index, const char*);
template ALMAGEST_EXPORT Spectrum<double> spectrum(const Compression<double>&,
                                                   const RealEigenvectors<double>&,
                                                   const Eigen::MatrixXd&,
                                                   std::vector<std::string>&);
template ALMAGEST_EXPORT Eigen::MatrixXd orthogonal_factor(const Eigen::MatrixXd&);
template ALMAGEST_EXPORT NormalizedDictionary<double> normalize(
    const Eigen::MatrixXd&, Eigen::Index, const std::vector<std::string>&, const DictionaryOptions&,
    const char*, std::vector<std::string>&);
}  // namespace detail
}  // namespace koopman

}  // namespace almagest::inline ALMAGEST_ABI
