// SPDX-License-Identifier: BSD-3-Clause
// Writes the golden files: models in the current format, and a law as a header. They are written once
// for each version of the format and then kept: a library that cannot read them has broken the format.
//
//   g++ -std=c++20 -O2 -I../../include -I.. -isystem /usr/include/eigen3 make_golden.cpp
//       ../../src/archive_reader.cpp ../../src/archive_writer.cpp -lfftw3 -lfftw3f -o make_golden && ./make_golden .
//
// Format version 1: almagest 0.1.0, GCC 12.2, Eigen 3.4.0, nlohmann-json 3.11.2, x86-64 without FMA.
#include <string>

#include "almagest/io/export_header.hpp"
#include "almagest/io/model_file.hpp"
#include "almagest/io/operator_format.hpp"
#include "golden/koopman_models.hpp"
#include "golden/further_neural_models.hpp"
#include "golden/neural_models.hpp"

int main(int count, char** arguments) {
  const std::string folder = count > 1 ? arguments[1] : ".";
  almagest::io::save(golden::law<double>(), folder + "/sindy_double_v1.almagest");
  almagest::io::save(golden::law<float>(), folder + "/sindy_float_v1.almagest");
  almagest::io::save(golden::oscillation<double>(), folder + "/hankel_dmd_double_v1.almagest");
  almagest::io::save(golden::oscillation<float>(), folder + "/hankel_dmd_float_v1.almagest");
  almagest::io::save(golden::rotation(), folder + "/optimized_dmd_double_v1.almagest");
  almagest::io::save(golden::bags(), folder + "/bagged_dmd_double_v1.almagest");
  almagest::io::save(golden::levels(), folder + "/multiresolution_dmd_double_v1.almagest");
  almagest::io::save(golden::forced_rotation(), folder + "/havok_double_v1.almagest");
  almagest::io::save(golden::lifted(golden::every_library(), true), folder + "/edmd_double_v1.almagest");
  almagest::io::save(golden::perceptron<double>(), folder + "/mlp_double_v1.almagest");
  almagest::io::save(golden::perceptron<float>(), folder + "/mlp_float_v1.almagest");
  almagest::io::save(golden::structured(), folder + "/stnn_double_v1.almagest");
  almagest::io::save(golden::reservoir(), folder + "/reservoir_double_v1.almagest");
  almagest::io::save(golden::autoregression(), folder + "/nvar_double_v1.almagest");
  almagest::io::save(golden::vector_field(), folder + "/neural_ode_double_v1.almagest");
  almagest::io::save(golden::fourier_operator(), folder + "/operator_double_v1.almagest");
  almagest::io::save(golden::piecewise_linear(), folder + "/plrnn_double_v1.almagest");
  almagest::io::save(golden::gated(), folder + "/sequence_double_v1.almagest");
  almagest::io::export_header(golden::law<double>(), folder + "/law.hpp", "law");
}
