// SPDX-License-Identifier: BSD-3-Clause
#include "almagest/linalg/sliding_qr.hpp"

#include <deque>

#include "almagest/core/random.hpp"
#include "support/catch.hpp"

using namespace almagest;
using Eigen::Index;

TEST_CASE("The factor of a sliding window is that of its rows, whatever has left", "[sliding_qr]") {
  RandomStream random(3);
  const Index columns = 5;
  linalg::SlidingQr<double> sliding(columns);
  std::deque<Eigen::MatrixXd> window;
  for (int step = 0; step < 200; ++step) {
    // Blocks of very different size: what an early giant leaves behind would show.
    const Index count = 1 + step % 7;
    const double size = step < 5 ? 1e8 : 1;
    window.push_back(Eigen::MatrixXd::NullaryExpr(count, columns, [&] { return size * random.normal(); }));
    sliding.push(window.back());
    if (window.size() > 6) {
      window.pop_front();
      sliding.pop();
    }
    Index rows = 0;
    Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(columns, columns);
    for (const auto& block : window) {
      rows += block.rows();
      gram += block.transpose() * block;
    }
    REQUIRE(sliding.rows() == rows);
    REQUIRE(sliding.blocks() == window.size());
    const Eigen::MatrixXd r = sliding.triangle();
    REQUIRE((r.transpose() * r - gram).norm() <= 1e-14 * double(rows) * gram.norm());
  }
  while (sliding.blocks() > 0) sliding.pop();
  CHECK(sliding.rows() == 0);
  CHECK(sliding.triangle().isZero());
  CHECK_THROWS_WITH(sliding.pop(), ContainsSubstring("no block"));
  sliding.push(Eigen::MatrixXd::Identity(columns, columns));
  CHECK(sliding.triangle().cwiseAbs().isApprox(Eigen::MatrixXd::Identity(columns, columns)));
}
