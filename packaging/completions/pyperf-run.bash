# bash completion for pyperf-run                                            -*- shell-script -*-

_pyperf_run() {
    local cur prev words cword
    _init_completion -n : || return
    local i=1
    while ((i < cword)) && [[ ${words[i]} == -* ]]; do
        ((i++))
    done
    if ((i == cword)); then
        if [[ $cur == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W "-q --quiet --keep --no-adapt -h --help -V --version --" -- "$cur")
        else
            mapfile -t COMPREPLY < <(compgen -c -W "report script flamegraph lines doctor systemd map clean" -- "$cur")
        fi
        return
    fi
    case ${words[i]} in
    flamegraph)
        case $prev in
        -i | -o) _filedir ;;
        *) mapfile -t COMPREPLY < <(compgen -W "-i -o --no-source" -- "$cur") ;;
        esac
        ;;
    lines)
        case $prev in
        -i | -o) _filedir ;;
        *) mapfile -t COMPREPLY < <(compgen -W "-i -o --json" -- "$cur") ;;
        esac
        ;;
    doctor)
        mapfile -t COMPREPLY < <(compgen -c -W "--json $(command ps -A -o pid= 2>/dev/null)" -- "$cur")
        ;;
    systemd)
        if ((cword == i + 1)); then
            mapfile -t COMPREPLY < <(compgen -W "enable disable status" -- "$cur")
        elif [[ $prev == --root ]]; then
            _filedir -d
        else
            local units
            units="$(systemctl list-unit-files --type=service --no-legend 2>/dev/null | cut -d' ' -f1)"
            mapfile -t COMPREPLY < <(compgen -W "--user --root $units" -- "$cur")
        fi
        ;;
    map)
        mapfile -t COMPREPLY < <(compgen -W "$(command ps -A -o pid= 2>/dev/null)" -- "$cur")
        ;;
    clean)
        mapfile -t COMPREPLY < <(compgen -W "--dry-run" -- "$cur")
        ;;
    report | script)
        if [[ $prev == -i ]]; then
            _filedir
        else
            mapfile -t COMPREPLY < <(compgen -W "-i --stdio --children --no-children" -- "$cur")
        fi
        ;;
    *)
        _command_offset "$i"
        ;;
    esac
} && complete -F _pyperf_run pyperf-run
