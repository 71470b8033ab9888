/* Puts the flame graph page and its scripts, from page/, into the program. */
        .macro  file name path
        .globl  \name
        .globl  \name\()_end
\name:
        .incbin "\path"
\name\()_end:
        .byte   0
        .endm

        .section .rodata
        file    page_html, "page.html"
        file    page_style, "d3-flamegraph.css"
        file    page_selection, "d3-selection.min.js"
        file    page_flamegraph, "d3-flamegraph.min.js"

        .section .note.GNU-stack, "", %progbits
