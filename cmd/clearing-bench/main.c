#include "cmd/clearing-bench/flow.h"
#include <string.h>
int main(int argc, char **argv) { return flow_main(argc-1, argv+1); }
