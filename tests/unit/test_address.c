/* EIP-55: its own examples, and that any wrong case is noticed. */
#include "rpc/address.h"
#include "tests/lib/vectors.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

TestSuite(address);

static enum address_status parse(struct address *address, const char *text)
{
    return address_parse(address, text, strlen(text));
}

/* From the EIP: all upper, all lower, and mixed case. */
static const char *const proper[] = {
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
};

Test(address, writes_the_checksum_form)
{
    for (size_t i = 0; i < sizeof proper / sizeof *proper; i++) {
        struct address address;
        char lower[ADDRESS_TEXT_SIZE];
        char text[ADDRESS_TEXT_SIZE];

        for (size_t c = 0; c < sizeof lower; c++)
            lower[c] = (char)tolower((unsigned char)proper[i][c]);
        cr_assert_eq(parse(&address, lower), ADDRESS_OK);
        address_format(text, &address);
        cr_expect_str_eq(text, proper[i]);
        cr_expect_eq(parse(&address, proper[i]), ADDRESS_OK);
    }
}

Test(address, notices_every_letter_of_wrong_case)
{
    for (size_t i = 4; i < sizeof proper / sizeof *proper; i++) {
        for (size_t c = 2; c < ADDRESS_TEXT_SIZE - 1; c++) {
            char text[ADDRESS_TEXT_SIZE];
            struct address address = {{7}};

            memcpy(text, proper[i], sizeof text);
            if (!isalpha((unsigned char)text[c]))
                continue;
            text[c] = (char)(text[c] ^ 0x20);
            cr_expect_eq(parse(&address, text), ADDRESS_CHECKSUM, "%s", text);
            cr_expect_eq(address.bytes[0], 7);
        }
    }
}

Test(address, refuses_other_texts)
{
    static const char *const texts[] = {
        "",
        "0x",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
        " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
    };
    struct address address;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        cr_expect_eq(parse(&address, texts[i]), ADDRESS_MALFORMED, "%s",
                     texts[i]);
}

Test(address, agrees_with_ethers)
{
    json_t *rows = vectors_load_shared("ethers_accounts_even.json.gz");
    size_t i;
    json_t *row;

    json_array_foreach(rows, i, row)
    {
        struct address address;
        char text[ADDRESS_TEXT_SIZE];

        cr_assert_eq(parse(&address, vectors_text(row, "address")), ADDRESS_OK);
        address_format(text, &address);
        cr_expect_str_eq(text, vectors_text(row, "checksumAddress"));
        cr_expect_eq(parse(&address, text), ADDRESS_OK);
    }
    json_decref(rows);
}
