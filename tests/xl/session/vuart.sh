# SPDX-License-Identifier: Apache-2.0
# A guest whose console is the virtual UART, over xenconsoled.
. ./lib.sh

# What a user sees who types into it.
console_of() {
    (
        sleep 1
        printf 'echo sum $((6 * 7))\n'
        sleep 2
        printf '\035'
    ) | timeout 60 script -q -c "xl console -t vuart $1" /dev/null | tr -d '\r' | grep -E '^sum'
}
flood() {
    (
        sleep 1
        printf 'seq 20000 29999; echo flood $((3 * 7))\n'
        says uart-vuart0 '^flood 21' 100
        printf '\035'
    ) | timeout 120 script -q -c "xl console -t vuart $1" /dev/null >/run/flood
    tr -d '\r' </run/flood | grep -E -c '^2[0-9]{4}$'
    tr -d '\r' </run/flood | grep -E '^2[0-9]{4}$' | sort -u | md5sum
    seq 20000 29999 | md5sum
}

config uart 'extra = "console=hvc0 console=ttyAMA0 domu.name=uart domu.do=shell"' \
    'vuart = "sbsa_uart"'
none_left() { until_true 60 sh -c '[ $(xenstore-list /local/domain | wc -l) = 1 ]'; }
uart_says() { says uart-vuart0 "$1" "$2"; }

t create xl create -q /root/uart.cfg
t up uart_says 'domu-init: uart up'
t logs ls $logs
t tree xenstore-ls "/local/domain/$(xl domid uart)/vuart"
t console console_of uart
t flood flood uart
t pv says uart 'Booting Linux'
t shutdown xl shutdown -w uart
t none none_left
t before free_now

# It ends in the middle of its output.
t create-again xl create -q /root/uart.cfg
t again until_true 120 sh -c "[ \$(grep -c 'uart up' $logs/guest-uart-vuart0.log) -ge 2 ]"
t destroy xl destroy uart
t none-again none_left
t after free_now
