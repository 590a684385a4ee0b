// Shim over OpenSSL's libcrypto (libssl-dev): digests.
#pragma once
#include <openssl/evp.h>
