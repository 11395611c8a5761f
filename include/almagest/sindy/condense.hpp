// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "almagest/core/errors.hpp"
#include "almagest/core/forecast.hpp"
#include "almagest/core/text.hpp"
#include "almagest/core/trajectory.hpp"
#include "almagest/features/library.hpp"
#include "almagest/linalg/streaming_qr.hpp"
#include "almagest/sindy/derivative.hpp"
#include "almagest/sindy/regression.hpp"

namespace almagest::inline ALMAGEST_ABI::sindy::detail {

/// Condenses rows to their triangle and, where parts are wanted, to those of up to twice as many
/// consecutive stretches of equal length. Memory does not depend on the count of rows.
template <typename Real>
class PartedQr {
 public:
  using Matrix = Eigen::MatrixX<Real>;

  /// `parts` of 0 or 1 keeps the whole alone. All together take a few megabytes: wide triangles are
  /// kept in fewer parts.
  PartedQr(Eigen::Index columns, Eigen::Index parts)
      : parts_(std::min(parts, std::max<Eigen::Index>(8, (1 << 19) / (columns * columns)))),
        length_(1),
        open_(columns) {}

  void update(const Eigen::Ref<const Matrix>& rows) {
    if (parts_ < 2) return open_.update(rows);
    for (Eigen::Index first = 0; first < rows.rows();) {
      const Eigen::Index count = std::min(length_ - open_.rows(), rows.rows() - first);
      open_.update(rows.middleRows(first, count));
      first += count;
      if (open_.rows() == length_) close();
    }
  }

  std::vector<Condensed<Real>> parts() const {
    std::vector<Condensed<Real>> out = closed_;
    if (parts_ >= 2 && open_.rows() > 0) out.push_back(condensed(open_));
    return out;
  }
  Condensed<Real> whole() const {
    linalg::StreamingQr<Real> all = open_;
    Eigen::Index samples = open_.rows();
    for (const auto& part : closed_) {
      all.update(part.triangle);
      samples += part.samples;
    }
    return {all.triangle(), samples};
  }

 private:
  static Condensed<Real> condensed(const linalg::StreamingQr<Real>& qr) {
    return {qr.triangle(), qr.rows()};
  }

  void close() {
    const Eigen::Index columns = open_.columns();
    closed_.push_back(condensed(open_));
    open_ = linalg::StreamingQr<Real>(columns);
    if (Eigen::Index(closed_.size()) < 2 * parts_) return;
    std::vector<Condensed<Real>> halved;
    for (std::size_t k = 0; k < closed_.size(); k += 2) {
      linalg::StreamingQr<Real> both(columns);
      both.update(closed_[k].triangle);
      both.update(closed_[k + 1].triangle);
      halved.push_back({both.triangle(), closed_[k].samples + closed_[k + 1].samples});
    }
    closed_ = std::move(halved);
    length_ *= 2;
  }

  Eigen::Index parts_, length_;
  linalg::StreamingQr<Real> open_;
  std::vector<Condensed<Real>> closed_;
};

/// Condenses runs to the triangle of [features of (x, u), targets], in one pass. Works with Real
/// whatever the scalar of the runs.
template <typename Real>
class Accumulator {
 public:
  using Matrix = Eigen::MatrixX<Real>;

  Accumulator(std::shared_ptr<const features::Evaluator> evaluator, Eigen::Index targets,
              Eigen::Index parts)
      : evaluator_(std::move(evaluator)), qr_(evaluator_->size() + targets, parts) {
    // Few wide rows would leave the factorization little to do at once.
    block_.resize(std::max<Eigen::Index>(256, 2 * (evaluator_->size() + targets)),
                  evaluator_->size() + targets);
  }

  /// Rows that may be filled next: their features and their targets.
  Eigen::Index room() const { return block_.rows() - filled_; }
  auto targets(Eigen::Index count) {
    return block_.block(filled_, evaluator_->size(), count, block_.cols() - evaluator_->size());
  }
  /// Takes `count` rows, whose targets have been written, with the features of these variables.
  void take(const Eigen::Ref<const Matrix>& variables) {
    evaluator_->evaluate(variables,
                         block_.block(filled_, 0, variables.rows(), evaluator_->size()));
    filled_ += variables.rows();
    samples_ += variables.rows();
    if (filled_ == block_.rows()) flush();
  }

  Regression<Real> regression(std::vector<std::string> features, std::vector<std::string> targets,
                              Eigen::VectorX<Real> negligible) {
    flush();
    Regression<Real> out(qr_.whole(), std::move(features), std::move(targets),
                         std::move(negligible), qr_.parts());
    out.set_library(evaluator_);
    return out;
  }
  Eigen::Index samples() const { return samples_; }

 private:
  void flush() {
    if (filled_ > 0) {
      try {
        qr_.update(block_.topRows(filled_));
      } catch (const NonFiniteData&) {
        refuse_features();
        throw;
      }
    }
    filled_ = 0;
  }
  void refuse_features() const {
    std::vector<std::string> variables;
    for (Eigen::Index i = 0; i < evaluator_->dimension(); ++i) variables.push_back(almagest::detail::text('x', i));
    const std::vector<std::string> names = evaluator_->names(variables);
    for (Eigen::Index f = 0; f < evaluator_->size(); ++f)
      if (!block_.col(f).head(filled_).allFinite())
        throw NonFiniteData(almagest::detail::text("sindy: feature ", f, ", ", names[std::size_t(f)],
                                                   ", is not finite at some sample; leave it out, or the samples."));
  }

  std::shared_ptr<const features::Evaluator> evaluator_;
  PartedQr<Real> qr_;
  Matrix block_;
  Eigen::Index filled_ = 0, samples_ = 0;
};

}  // namespace almagest::inline ALMAGEST_ABI::sindy::detail
