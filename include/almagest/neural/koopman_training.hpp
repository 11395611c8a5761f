// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// The loss of Koopman autoencoders and their training; the compiled library has it inside.

#include <Eigen/Core>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/random.hpp"
#include "almagest/core/text.hpp"
#include "almagest/neural/koopman_autoencoder.hpp"
#include "almagest/neural/plrnn_layer.hpp"
#include "almagest/neural/rollout.hpp"

namespace almagest::inline ALMAGEST_ABI::neural::detail {

/// Von Neumann's entropy of the covariance of columns over its trace, whose exponential is their effective
/// rank; adds `weight` times its gradient by the columns.
template <typename Real = double>
double von_neumann_entropy(const Eigen::MatrixXd& z, double weight, Eigen::Ref<Eigen::MatrixXd> gradient) {
  const Eigen::VectorXd mean = z.rowwise().mean();
  const Eigen::MatrixXd centred = z.colwise() - mean, C = centred * centred.transpose() / double(z.cols());
  const double trace = C.trace();
  if (!(trace > 0)) return 0;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(C / trace);
  // What is below is as good as nothing, and its logarithm must not rule the gradient.
  const Eigen::VectorXd p = eigen.eigenvalues().cwiseMax(1e-12), logs = p.array().log();
  const double entropy = -p.dot(logs);
  const Eigen::MatrixXd& Q = eigen.eigenvectors();
  const Eigen::VectorXd slope = -(logs.array() + entropy) / trace;
  gradient += (2 * weight / double(z.cols())) * (Q * slope.asDiagonal() * Q.transpose()) * centred;
  return entropy;
}

/// The mean surprise of each column of b by that of a, among all columns of b; adds `weight` times its gradients.
template <typename Real = double>
double surprise(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b, double temperature, double weight,
                       Eigen::Ref<Eigen::MatrixXd> by_a, Eigen::Ref<Eigen::MatrixXd> by_b) {
  const Eigen::RowVectorXd size_a = a.colwise().norm().cwiseMax(1e-12), size_b = b.colwise().norm().cwiseMax(1e-12);
  const Eigen::MatrixXd u = a.array().rowwise() / size_a.array(), v = b.array().rowwise() / size_b.array();
  Eigen::MatrixXd share = (u.transpose() * v) / temperature;
  const Eigen::VectorXd own = share.diagonal(), most = share.rowwise().maxCoeff();
  share = (share.colwise() - most).array().exp();
  const Eigen::VectorXd sums = share.rowwise().sum();
  const double value = (sums.array().log() + most.array() - own.array()).mean();
  share.array().colwise() /= sums.array();
  share.diagonal().array() -= 1;
  share *= weight / (temperature * double(a.cols()));
  const Eigen::MatrixXd by_u = v * share.transpose(), by_v = u * share;
  const auto through = [](const Eigen::MatrixXd& by_unit, const Eigen::MatrixXd& unit, const Eigen::RowVectorXd& size) {
    const Eigen::RowVectorXd along = by_unit.cwiseProduct(unit).colwise().sum();
    return Eigen::MatrixXd((by_unit - unit * along.asDiagonal()).array().rowwise() / size.array());
  };
  by_a += through(by_u, u, size_a);
  by_b += through(by_v, v, size_b);
  return value;
}

/// A template, so that including it costs nothing; Real is double.
template <typename Real = double>
class AutoencoderObjective final : public Objective<Real> {
 public:
  using typename Objective<Real>::Vector;
  using Matrix = Eigen::MatrixXd;

  AutoencoderObjective(const KoopmanAutoencoder& options, const Network<double>& encoder,
                       const Network<double>& decoder, const Training& training, const Samples<double>& data,
                       const Samples<double>& held)
      : options_(options),
        encoder_(encoder),
        decoder_(decoder),
        steps_(training.rollout),
        noise_(training.input_noise),
        data_(data),
        held_(held) {}

  std::size_t samples() const override { return data_.starts.size(); }
  double loss(const Vector& parameters, std::span<const std::size_t> samples, RandomStream& random,
              Vector& gradient) override;
  double validation(const Vector& parameters) override;

 private:
  void gather(const Samples<double>& from, std::span<const std::size_t> samples);
  double forward(const Vector& parameters);
  void backward(const Vector& parameters, Vector& gradient);
  auto K(const Vector& parameters) const {
    return ConstColumns<double>(parameters.data() + encoder_.parameters(), options_.latent, options_.latent);
  }

  KoopmanAutoencoder options_;
  const Network<double>& encoder_;
  const Network<double>& decoder_;
  Eigen::Index steps_;
  double noise_;
  const Samples<double>& data_;
  const Samples<double>& held_;
  Eigen::Index batch_ = 0;
  Matrix seen_, truth_;               ///< samples, with noise and without: time after time, of all sequences
  Matrix carried_;                    ///< E x_0, then K^j E x_0
  Matrix error_, off_;                ///< of what is decoded, and of what is carried
  Matrix by_latent_;                  ///< gradient by what is encoded
  Network<double>::Pass encoded_, decoded_;
};

template <typename Real>
void AutoencoderObjective<Real>::gather(const Samples<double>& from, std::span<const std::size_t> samples) {
  batch_ = Eigen::Index(samples.size());
  const Eigen::Index columns = batch_ * (steps_ + 1);
  if (seen_.cols() != columns) {
    seen_.resize(encoder_.inputs(), columns);
    carried_.resize(options_.latent, columns);
    encoded_ = encoder_.pass(columns);
    decoded_ = decoder_.pass(columns);
  }
  for (Eigen::Index b = 0; b < batch_; ++b) {
    const auto [run, start] = from.starts[samples[std::size_t(b)]];
    for (Eigen::Index j = 0; j <= steps_; ++j) seen_.col(j * batch_ + b) = from.runs[run].col(start + j);
  }
  truth_ = seen_;
}

template <typename Real>
double AutoencoderObjective<Real>::forward(const Vector& parameters) {
  encoder_.forward(parameters.head(encoder_.parameters()), seen_, encoded_);
  const Matrix& z = encoded_.result();
  carried_.leftCols(batch_) = z.leftCols(batch_);
  for (Eigen::Index j = 1; j <= steps_; ++j)
    carried_.middleCols(j * batch_, batch_).noalias() = K(parameters) * carried_.middleCols((j - 1) * batch_, batch_);
  decoder_.forward(parameters.tail(decoder_.parameters()), carried_, decoded_);
  error_ = decoded_.result() - truth_;
  off_ = carried_ - z;
  const double one = double(batch_ * encoder_.inputs()), ahead = one * double(steps_);
  double value = error_.rightCols(steps_ * batch_).squaredNorm() / ahead +
                 options_.reconstruction * error_.leftCols(batch_).squaredNorm() / one +
                 options_.linearity * off_.squaredNorm() / double(steps_ * batch_ * options_.latent);
  by_latent_.setZero(z.rows(), z.cols());
  if (options_.information > 0)
    value += options_.information * surprise(z.leftCols(batch_), z.middleCols(batch_, batch_), options_.temperature,
                                             options_.information, by_latent_.leftCols(batch_),
                                             by_latent_.middleCols(batch_, batch_));
  if (options_.entropy > 0)
    value -= options_.entropy * von_neumann_entropy(z.leftCols(batch_), -options_.entropy, by_latent_.leftCols(batch_));
  return value;
}

template <typename Real>
void AutoencoderObjective<Real>::backward(const Vector& parameters, Vector& gradient) {
  const double one = double(batch_ * encoder_.inputs()), ahead = one * double(steps_);
  Matrix by_output = error_ * (2 / ahead);
  by_output.leftCols(batch_) = error_.leftCols(batch_) * (2 * options_.reconstruction / one);
  Vector part = Vector::Zero(decoder_.parameters());
  Matrix by_carried = decoder_.backward(parameters.tail(decoder_.parameters()), carried_, decoded_, by_output, part);
  gradient.tail(part.size()) = part;
  const Matrix by_off = off_ * (2 * options_.linearity / double(steps_ * batch_ * options_.latent));
  by_carried += by_off;
  by_latent_ -= by_off;
  Columns<double> by_K(gradient.data() + encoder_.parameters(), options_.latent, options_.latent);
  for (Eigen::Index j = steps_; j > 0; --j) {
    const auto by_one = by_carried.middleCols(j * batch_, batch_);
    by_K.noalias() += by_one * carried_.middleCols((j - 1) * batch_, batch_).transpose();
    by_carried.middleCols((j - 1) * batch_, batch_).noalias() += K(parameters).transpose() * by_one;
  }
  by_latent_.leftCols(batch_) += by_carried.leftCols(batch_);
  part.setZero(encoder_.parameters());
  encoder_.backward(parameters.head(encoder_.parameters()), seen_, encoded_, by_latent_, part);
  gradient.head(part.size()) = part;
}

template <typename Real>
double AutoencoderObjective<Real>::loss(const Vector& parameters, std::span<const std::size_t> samples,
                                        RandomStream& random, Vector& gradient) {
  gather(data_, samples);
  if (noise_ > 0)
    for (double& one : seen_.leftCols(batch_).reshaped()) one += noise_ * random.normal();
  const double value = forward(parameters);
  gradient.setZero(parameters.size());
  backward(parameters, gradient);
  return value;
}

/// The errors of forecasts alone.
template <typename Real>
double AutoencoderObjective<Real>::validation(const Vector& parameters) {
  if (held_.starts.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::vector<std::size_t> places;
  const std::size_t apart = std::max<std::size_t>(1, held_.starts.size() / 1000);
  for (std::size_t k = 0; k < held_.starts.size(); k += apart) places.push_back(k);
  gather(held_, places);
  forward(parameters);
  return error_.rightCols(steps_ * batch_).squaredNorm() / double(steps_ * batch_ * encoder_.inputs());
}

/// The largest growth of K, from its powers.
template <typename Real = double>
double radius_of(Eigen::MatrixXd K) {
  double logs = 0, share = 1;
  for (int k = 0; k < 30; ++k) {
    const double size = K.norm();
    if (!(size > 0)) return 0;
    logs += share * std::log(size);
    K = (K / size * K / size).eval();
    share /= 2;
  }
  return std::exp(logs);
}

template <typename Scalar>
AutoencoderModel<Scalar> fit_autoencoder(const KoopmanAutoencoder& options,
                                         const std::vector<TrajectoryView<Scalar>>& several,
                                         const std::vector<TrajectoryView<Scalar>>& validation,
                                         const Training& training, const Progress& progress) {
  using almagest::detail::text, almagest::detail::rounded;
  const char* what = "neural::fit(KoopmanAutoencoder)";
  check(training);
  check(options);
  AutoencoderParts<Scalar> parts;
  parts.options = options;
  parts.training = uniform_facts(several, what);
  const Eigen::Index d = parts.training.dimension;
  check_validation(validation, parts.training, training.rollout, what);
  parts.normalization = normalization(several);
  const Samples<Scalar> data(several, parts.normalization, training.rollout),
      held(validation, parts.normalization, training.rollout);
  if (data.starts.empty())
    throw InvalidArgument(text(what, ": no run has more than ", training.rollout,
                               " samples, which a rollout needs; give longer runs or a shorter rollout."));
  const std::vector<Eigen::Index> back(options.hidden.rbegin(), options.hidden.rend());
  const auto encoder = perceptron<Scalar>(d, options.hidden, options.activation, options.latent);
  const auto decoder = perceptron<Scalar>(options.latent, back, options.activation, d);
  AutoencoderObjective objective(options, encoder, decoder, training, data, held);
  RandomStream random(training.seed);
  Eigen::VectorX<Scalar> start(encoder.parameters() + options.latent * options.latent + decoder.parameters());
  start << encoder.initial(random), Eigen::MatrixX<Scalar>::Identity(options.latent, options.latent).reshaped(),
      decoder.initial(random);
  auto trained = train<Scalar>(objective, std::move(start), training, progress);
  parts.parameters = std::move(trained.parameters);
  parts.history = std::move(trained.history);
  parts.warnings = std::move(trained.warnings);
  warn_of_constants(parts.training, parts.warnings);
  AutoencoderModel<Scalar> model(parts);
  if (const double radius = radius_of(model.K()); radius > 1 + 1e-3) {
    parts.warnings.push_back(text("the matrix K grows its leading latent direction by ", rounded(radius, 5),
                                  " each step, so that forecasts leave every bound; train on longer rollouts."));
    return AutoencoderModel<Scalar>(std::move(parts));
  }
  return model;
}

#if ALMAGEST_INSTANTIATED
extern template ALMAGEST_EXPORT double von_neumann_entropy<double>(const Eigen::MatrixXd&, double,
                                                                   Eigen::Ref<Eigen::MatrixXd>);
extern template ALMAGEST_EXPORT double surprise<double>(const Eigen::MatrixXd&, const Eigen::MatrixXd&, double, double,
                                                        Eigen::Ref<Eigen::MatrixXd>, Eigen::Ref<Eigen::MatrixXd>);
extern template class ALMAGEST_EXPORT AutoencoderObjective<double>;
#endif

}  // namespace almagest::inline ALMAGEST_ABI::neural::detail
