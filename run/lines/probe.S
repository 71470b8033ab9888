/* Puts the probe's two files, from probe/, into the program. */
        .section .rodata
        .globl  probe_script, probe_script_end, probe_lines, probe_lines_end
probe_script:
        .incbin "probe.py"
probe_script_end:
probe_lines:
        .incbin "lines.py"
probe_lines_end:

        .section .note.GNU-stack, "", %progbits
