/* Passwords of both kinds, and access tokens that somebody has tampered with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <crypt.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "crypto/password.h"
#include "crypto/keyring.h"

#define SECRET "unit-test-secret-0123456789-abcdefghij"
#define NOW 1800000000

static struct arena arena;

static void test_argon2(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_MAX], again[PASSWORD_HASH_MAX];
    assert_int_equal(password_hash("Correct-horse1", hash), RC_OK);
    assert_int_equal(password_hash("Correct-horse1", again), RC_OK);
    assert_int_equal(strncmp(hash, "$argon2id$", 10), 0);
    assert_string_not_equal(hash, again);
    assert_true(password_matches("Correct-horse1", hash));
    assert_false(password_matches("Correct-horse2", hash));
    assert_false(password_matches("", hash));
    assert_false(password_needs_renewal(hash));
}

static void test_bcrypt(void **state)
{
    (void)state;
    static const char *const kinds[] = {"$2a$", "$2b$", "$2y$"};
    for (size_t i = 0; i < 3; i++) {
        char setting[CRYPT_GENSALT_OUTPUT_SIZE];
        struct crypt_data data = {0};
        assert_non_null(crypt_gensalt_rn(kinds[i], 4, NULL, 0, setting, sizeof setting));
        const char *hash = crypt_rn("old-Password1", setting, &data, (int)sizeof data);
        assert_non_null(hash);
        assert_true(password_matches("old-Password1", hash));
        assert_false(password_matches("old-Password2", hash));
        assert_true(password_needs_renewal(hash));
    }
}

static void test_hashes_that_never_match(void **state)
{
    (void)state;
    static const char *const hashes[] = {"", "*", "*0", "x", "plain", "$2a$", "$2b$10$short", "$1$abc$def", "$argon2id$", "$argon2i$v=19$m=8,t=1,p=1$x$y"};
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        assert_false(password_matches(hashes[i], hashes[i]));
    assert_false(password_matches("anything", PASSWORD_OF_NOBODY));
    assert_false(password_matches("", PASSWORD_OF_NOBODY));
    assert_false(password_needs_renewal(PASSWORD_OF_NOBODY)); /* its costs are those of a real one */
}

static void test_random_passwords(void **state)
{
    (void)state;
    char one[PASSWORD_RANDOM_MAX], two[PASSWORD_RANDOM_MAX];
    for (int i = 0; i < 200; i++) {
        password_random(one);
        password_random(two);
        assert_string_not_equal(one, two);
        assert_int_equal(strlen(one), 19);
        assert_non_null(strpbrk(one, "0123456789"));
        assert_non_null(strpbrk(one, "abcdefghijklmnopqrstuvwxyz"));
    }
}

/* Inlined, gcc takes its token for one that has gone. */
__attribute__((noinline)) static const char *sign(const char *secret, struct access_claims claims)
{
    const char *token = NULL;
    assert_int_equal(access_token_sign(&arena, secret, &claims, &token), RC_OK);
    return token;
}

static const struct access_claims good = {.user_id = 7, .session_id = 9, .issued_s = NOW - 10, .expires_s = NOW + 100};

static bool verifies(const char *token)
{
    struct access_claims out;
    return access_token_verify(SECRET, token, NOW, &out);
}

static void test_tokens(void **state)
{
    (void)state;
    struct access_claims out;
    const char *token = sign(SECRET, good);
    assert_true(access_token_verify(SECRET, token, NOW, &out));
    assert_int_equal(out.user_id, 7);
    assert_int_equal(out.session_id, 9);
    assert_int_equal(out.expires_s, NOW + 100);
    assert_false(access_token_verify(SECRET, token, NOW + 100, &out));
    assert_false(verifies(sign("another-secret-0123456789-abcdefghijkl", good)));
    for (size_t i = 0; token[i + 1]; i++) { /* any changed character but the last, whose last bits may say nothing */
        char *forged = arena_dup(&arena, token);
        forged[i] = forged[i] == 'A' ? 'B' : 'A';
        assert_false(verifies(forged));
    }
}

/* A token made with libjwt directly. */
static const char *made(jwt_alg_t alg, const char *subject, bool session, bool expiry)
{
    jwt_t *jwt;
    assert_int_equal(jwt_new(&jwt), 0);
    if (subject)
        jwt_add_grant(jwt, "sub", subject);
    if (session)
        jwt_add_grant_int(jwt, "sid", 9);
    if (expiry)
        jwt_add_grant_int(jwt, "exp", NOW + 100);
    jwt_add_grant_int(jwt, "iat", NOW - 10);
    if (alg != JWT_ALG_NONE)
        assert_int_equal(jwt_set_alg(jwt, alg, (const unsigned char *)SECRET, (int)strlen(SECRET)), 0);
    char *text = jwt_encode_str(jwt);
    const char *copy = arena_dup(&arena, text);
    free(text);
    jwt_free(jwt);
    return copy;
}

static void test_tokens_of_others(void **state)
{
    (void)state;
    assert_true(verifies(made(JWT_ALG_HS256, "7", true, true)));
    assert_false(verifies(made(JWT_ALG_NONE, "7", true, true)));
    assert_false(verifies(made(JWT_ALG_HS384, "7", true, true)));
    assert_false(verifies(made(JWT_ALG_HS512, "7", true, true)));
    assert_false(verifies(made(JWT_ALG_HS256, NULL, true, true)));
    assert_false(verifies(made(JWT_ALG_HS256, "7; DROP", true, true)));
    assert_false(verifies(made(JWT_ALG_HS256, "-7", true, true)));
    assert_false(verifies(made(JWT_ALG_HS256, "0", true, true)));
    assert_false(verifies(made(JWT_ALG_HS256, "7", false, true)));
    assert_false(verifies(made(JWT_ALG_HS256, "7", true, false)));
    char *long_text = arena_alloc(&arena, 10001);
    memset(long_text, 'a', 10000);
    const char *const garbage[] = {"", ".", "..", "a.b.c", "null", long_text, "eyJhbGciOiJub25lIn0.e30."};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
        assert_false(verifies(garbage[i]));
}

static struct keyring *ring_of(const char *const *secrets)
{
    struct keyring *ring = keyring_new();
    struct keyring_keys keys = {0};
    for (; *secrets; secrets++)
        keys.at[keys.n++] = (struct keyring_key){.secret = *secrets, .until_s = INT64_MAX};
    keyring_put(ring, &keys);
    return ring;
}

static void test_remembered_tokens(void **state)
{
    (void)state;
    struct token_memo *memo = token_memo_new();
    struct keyring *ring = ring_of((const char *const[]){SECRET, NULL});
    struct access_claims out;
    const char *token = sign(SECRET, good);
    for (int i = 0; i < 3; i++)
        assert_true(keyring_verify(ring, memo, token, NOW, &out));
    assert_false(keyring_verify(ring, memo, token, NOW + 100, &out)); /* expiry is looked at each time */
    char *forged = arena_dup(&arena, token); /* the same end, hence the same slot */
    forged[strcspn(forged, ".") + 3] ^= 1;
    assert_false(keyring_verify(ring, memo, forged, NOW, &out));
    for (int64_t i = 1; i < 2000; i++) { /* more than there is room for */
        struct access_claims claims = good;
        claims.session_id = i;
        assert_true(keyring_verify(ring, memo, sign(SECRET, claims), NOW, &out));
        assert_int_equal(out.session_id, i);
    }
    token_memo_free(memo);
    token_memo_free(NULL);
    keyring_free(ring);
    keyring_free(NULL);
}

#define OTHER "another-unit-test-secret-0123456789-abc"

static void put(struct keyring *ring, const char *first, int64_t first_until, const char *second, int64_t second_until)
{
    struct keyring_keys keys = {.n = second ? 2 : 1, .at = {{.secret = first, .until_s = first_until}, {.secret = second, .until_s = second_until}}};
    keyring_put(ring, &keys);
}

static void test_a_secret_takes_the_place_of_another(void **state)
{
    (void)state;
    struct token_memo *memo = token_memo_new();
    struct keyring *ring = ring_of((const char *const[]){SECRET, NULL});
    const char *old, *new;
    char kid[TOKEN_KID_MAX], of_old[TOKEN_KID_MAX], of_new[TOKEN_KID_MAX];
    struct access_claims out;
    token_kid(SECRET, of_old);
    token_kid(OTHER, of_new);
    assert_int_equal(keyring_sign(ring, &arena, &good, &old), RC_OK);
    assert_true(access_token_kid(old, kid));
    assert_string_equal(kid, of_old);
    assert_true(keyring_verify(ring, memo, old, NOW, &out));
    put(ring, OTHER, INT64_MAX, SECRET, NOW + 50);
    assert_int_equal(keyring_sign(ring, &arena, &good, &new), RC_OK);
    assert_true(access_token_kid(new, kid));
    assert_string_equal(kid, of_new);
    for (int i = 0; i < 2; i++) { /* the second time it is remembered */
        assert_true(keyring_verify(ring, memo, old, NOW, &out));
        assert_true(keyring_verify(ring, memo, new, NOW, &out));
    }
    assert_true(keyring_verify(ring, NULL, old, NOW + 49, &out));
    assert_false(keyring_verify(ring, NULL, old, NOW + 50, &out)); /* its secret has had its time */
    put(ring, OTHER, INT64_MAX, NULL, 0);
    assert_false(keyring_verify(ring, memo, old, NOW, &out)); /* what was remembered went with the secret */
    assert_true(keyring_verify(ring, memo, new, NOW, &out));
    token_memo_free(memo);
    keyring_free(ring);
}

static void count_unknown(void *arg)
{
    ++*(int *)arg;
}

/* As programs made them before there were kids; and with a kid that is another secret's. */
static void test_kids(void **state)
{
    (void)state;
    int unknown = 0;
    struct keyring *ring = ring_of((const char *const[]){OTHER, SECRET, NULL});
    struct access_claims out;
    char kid[TOKEN_KID_MAX];
    keyring_on_unknown(ring, count_unknown, &unknown);
    const char *plain = made(JWT_ALG_HS256, "7", true, true);
    assert_false(access_token_kid(plain, kid));
    assert_true(keyring_verify(ring, NULL, plain, NOW, &out));
    assert_int_equal(unknown, 0);
    assert_false(keyring_verify(ring, NULL, sign("a-secret-that-is-in-no-ring-0123456789", good), NOW, &out));
    assert_int_equal(unknown, 1);
    const char *mine = sign(SECRET, good), *theirs = sign(OTHER, good); /* the kid of one, the rest of the other */
    char *crossed = arena_dup(&arena, theirs);
    *strchr(crossed, '.') = 0;
    crossed = arena_fmt(&arena, "%s%s", crossed, strchr(mine, '.'));
    assert_false(keyring_verify(ring, NULL, crossed, NOW, &out));
    assert_false(access_token_kid("", kid));
    assert_false(access_token_kid("a.b.c", kid));
    keyring_free(ring);
}

static void test_hashes(void **state)
{
    (void)state;
    char hash[HASH_HEX_MAX], one[TOKEN_RANDOM_MAX], two[TOKEN_RANDOM_MAX];
    hash_hex("abc", 3, hash); /* FIPS 180-2, appendix B.1 */
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    keyed_hash_hex("Jefe", "what do ya want for nothing?", 28, hash); /* RFC 4231, case 2 */
    assert_string_equal(hash, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    token_random(one);
    token_random(two);
    assert_int_equal(strlen(one), 43);
    assert_string_not_equal(one, two);
}

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    return crypto_init() == RC_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_argon2, begin, end),
        cmocka_unit_test_setup_teardown(test_bcrypt, begin, end),
        cmocka_unit_test_setup_teardown(test_hashes_that_never_match, begin, end),
        cmocka_unit_test_setup_teardown(test_random_passwords, begin, end),
        cmocka_unit_test_setup_teardown(test_tokens, begin, end),
        cmocka_unit_test_setup_teardown(test_tokens_of_others, begin, end),
        cmocka_unit_test_setup_teardown(test_remembered_tokens, begin, end),
        cmocka_unit_test_setup_teardown(test_a_secret_takes_the_place_of_another, begin, end),
        cmocka_unit_test_setup_teardown(test_kids, begin, end),
        cmocka_unit_test_setup_teardown(test_hashes, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
