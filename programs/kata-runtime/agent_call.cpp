// SPDX-License-Identifier: Apache-2.0
#include "programs/kata-runtime/agent_call.h"

namespace kata::runtime {

Error explain_agent(Error error, const sandbox::Store& store, const std::string& sandbox_id,
                    const char* method) {
  if (error.code == ErrorCode::kUnsupported)
    return make_error(ErrorCode::kUnsupported,
                      concat("the agent of sandbox '", sandbox_id, "' cannot do ", method, " (",
                             error.message, "): rebuild the guest, perhaps with a newer agent"));
  return explain(std::move(error), store, sandbox_id);
}

}  // namespace kata::runtime
