/* Prints findings as a checklist for people, or as JSON for programs. */
#include "doctor/findings.h"
#include "base/json.h"

#include <stdarg.h>
#include <stdlib.h>

void findings_add(struct findings *findings, enum verdict verdict, const char *subject,
                  const char *remedy, const char *format, ...)
{
    struct finding finding = {.verdict = verdict, .subject = subject, .remedy = remedy};
    struct finding *grown = realloc(findings->list, (findings->count + 1) * sizeof *grown);
    va_list arguments;

    if (!grown)
        return;
    findings->list = grown;
    va_start(arguments, format);
    if (vasprintf(&finding.text, format, arguments) < 0)
        finding.text = NULL;
    va_end(arguments);
    if (finding.text)
        grown[findings->count++] = finding;
}

bool findings_good(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->list[i].verdict == VERDICT_BAD)
            return false;
    return true;
}

static const char *word_of(enum verdict verdict)
{
    static const char *const words[] = {"ok", "note", "BAD"};
    return words[verdict];
}

void findings_print(const struct findings *findings, FILE *out)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        fprintf(out, "%-4s  %-14s %s\n", word_of(finding->verdict), finding->subject,
                finding->text);
        if (finding->remedy && finding->verdict != VERDICT_OK)
            fprintf(out, "%22s-> %s\n", "", finding->remedy);
    }
    fprintf(out, "%s\n",
            findings_good(findings) ? "Python names will show." : "Python names will not show.");
}

void findings_print_json(const struct findings *findings, FILE *out)
{
    static const char *const words[] = {"ok", "note", "bad"};

    fprintf(out, "{\"names_will_show\": %s,\n \"checks\": [",
            findings_good(findings) ? "true" : "false");
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        fprintf(out, "%s\n  {\"verdict\": \"%s\", \"subject\": ", i ? "," : "",
                words[finding->verdict]);
        json_string(finding->subject, out);
        fputs(", \"text\": ", out);
        json_string(finding->text, out);
        fputs(", \"remedy\": ", out);
        if (finding->remedy && finding->verdict != VERDICT_OK)
            json_string(finding->remedy, out);
        else
            fputs("null", out);
        fputc('}', out);
    }
    fputs("\n ]}\n", out);
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        free(findings->list[i].text);
    free(findings->list);
    *findings = (struct findings){.count = 0};
}
