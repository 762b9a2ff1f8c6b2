/*
 * The house's own ledgers. They are sub-accounts of the owner 0x00..00, so
 * that one table, one kind of movement and one state tree hold all money.
 * Per asset the sum over all ledgers, users and house, is zero to the unit
 * at every moment: `external` is the counterpart of everything that came in.
 */
#ifndef CLEARINGD_ENGINE_HOUSE_H
#define CLEARINGD_ENGINE_HOUSE_H

#include <stdint.h>

enum house {
    HOUSE_EXTERNAL = 0, /* minus (deposits - withdrawals) */
    HOUSE_FEES = 1,     /* fees since the last tick, before their split */
    HOUSE_TREASURY = 2,
    HOUSE_REPORTERS = 3,
    HOUSE_VALIDATORS = 4,
    HOUSE_WITHDRAWALS = 5, /* debited, not yet settled outside */
    HOUSE_INTEREST = 6,    /* interest under way between accounts */
    HOUSE_INSURANCE = 100, /* + pool */
    HOUSE_CLEARING = 1000, /* + market: plus the sum of all signed costs: 0 */
    HOUSE_FUNDING = 2000,  /* + market: funding paid in, not yet paid out */
};

/* The code of a movement, one line of double entry each. Append only. */
enum ledger_code {
    LEDGER_DEPOSIT = 1,
    LEDGER_WITHDRAWAL = 2,
    LEDGER_TRANSFER = 3,
    LEDGER_REALISED = 4, /* profit or loss of a closed part */
    LEDGER_FEE = 5,
    LEDGER_REBATE = 6,
    LEDGER_FUNDING = 7,
    LEDGER_FEE_SPLIT = 8,
    LEDGER_LIQUIDATION_FEE = 9,
    LEDGER_INSURANCE = 10, /* the fund pays a deficit or beyond */
    LEDGER_ADL = 11,       /* taken by auto-deleveraging */
    LEDGER_DUST = 12,      /* rounding to the insurance fund */
    LEDGER_INTEREST = 13,
    LEDGER_SETTLEMENT = 14,
    LEDGER_MINT = 15,
    LEDGER_BURN = 16,
    LEDGER_GENESIS = 17, /* the insurance fund's start */
};

#endif
