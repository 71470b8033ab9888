#include "options.h"
#include "say.h"
int command_doctor(int argc, char **argv){(void)argc;(void)argv;return EXIT_USAGE;}
int command_systemd(int argc, char **argv){(void)argc;(void)argv;return EXIT_USAGE;}
