/* pyperf-run doctor: "why do I not see Python names?" */
#include "base/number.h"
#include "base/say.h"
#include "commands.h"
#include "doctor/checks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_number(const char *word)
{
    return *word && strspn(word, "0123456789") == strlen(word);
}

int command_doctor(int argc, char **argv)
{
    struct findings findings = {.count = 0};
    const char *subject = NULL;
    bool json = false, good;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            json = true;
        } else if (argv[i][0] == '-' || subject) {
            say_error("doctor: unknown argument '%s'; see pyperf-run(1)", argv[i]);
            return EXIT_USAGE;
        } else {
            subject = argv[i];
        }
    }
    check_machine(&findings);
    if (subject && is_number(subject))
        check_process(&findings, (pid_t)number_at(subject, 0));
    else if (subject)
        check_program(&findings, subject);
    if (json)
        findings_print_json(&findings, stdout);
    else
        findings_print(&findings, stdout);
    good = findings_good(&findings);
    findings_free(&findings);
    return fflush(stdout) != 0 || !good ? EXIT_FAILURE : EXIT_SUCCESS;
}
