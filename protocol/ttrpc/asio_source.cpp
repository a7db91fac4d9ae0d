// SPDX-License-Identifier: Apache-2.0
//
// The part of Asio that need not be compiled again in each file which includes it.
#include <boost/asio/impl/src.hpp>
