/* The Deribit root's writing: decimals become numbers, texts stay texts. */
#include "rpc/deribit.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(deribit);

/* The text of a result after translation; the caller frees it. */
static char *translated(const char *text)
{
    json_t *result = json_loads(text, JSON_DECODE_ANY, NULL), *error = NULL;
    char *written;

    cr_assert_not_null(result);
    deribit_translate(&result, &error);
    written = json_dumps(result, JSON_COMPACT | JSON_ENCODE_ANY |
                                     JSON_REAL_PRECISION(15));
    json_decref(result);
    return written;
}

static void expect(const char *from, const char *to)
{
    char *text = translated(from);

    cr_expect_str_eq(text, to, "%s gave %s", from, text);
    free(text);
}

Test(deribit, decimals_become_numbers)
{
    expect("{\"price\":\"64250.5\"}", "{\"price\":64250.5}");
    expect("[\"0.1\",\"-0.00000001\"]", "[0.1,-1e-8]");
    expect("\"12\"", "12");
    expect("{\"a\":{\"b\":[{\"c\":\"0.0005\"}]}}",
           "{\"a\":{\"b\":[{\"c\":0.0005}]}}");
    expect("\"123456.12345678\"", "123456.12345678");
}

Test(deribit, texts_stay_texts)
{
    expect("{\"order_id\":\"BTC-1\",\"trade_id\":\"12\",\"label\":\"7\"}",
           "{\"order_id\":\"BTC-1\",\"trade_id\":\"12\",\"label\":\"7\"}");
    expect("{\"state\":\"open\",\"hash\":\"0x12\",\"name\":\"1inch\"}",
           "{\"state\":\"open\",\"hash\":\"0x12\",\"name\":\"1inch\"}");
    expect("{\"n\":null,\"t\":true,\"i\":5}",
           "{\"n\":null,\"t\":true,\"i\":5}");
}

Test(deribit, its_codes_for_busy_and_not_ready)
{
    static const int codes[][2] = {
        {-32005, 10028}, {-32001, 10040}, {-32602, -32602}, {10009, 10009}};

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        json_t *result = NULL;
        json_t *error = json_pack("{si}", "code", codes[i][0]);

        deribit_translate(&result, &error);
        cr_expect_eq(json_integer_value(json_object_get(error, "code")),
                     codes[i][1]);
        json_decref(error);
    }
}

Test(deribit, what_is_shared_is_not_touched)
{
    json_t *shared = json_pack("{ss}", "price", "1.5");
    json_t *result = json_incref(shared), *error = NULL;

    deribit_translate(&result, &error);
    cr_expect(json_is_string(json_object_get(shared, "price")));
    cr_expect(json_is_real(json_object_get(result, "price")));
    json_decref(result);
    json_decref(shared);
}
