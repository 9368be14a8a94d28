/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The libgmproc authors
 *
 * Certificates that sign themselves, for 127.0.0.1; the first is for listener.example too. They are
 * good for a hundred years, and for nothing but these tests, as everybody has the key. Made by
 *
 *     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 \
 *       -subj "/CN=libgmproc test" \
 *       -addext "subjectAltName=IP:127.0.0.1,DNS:listener.example" -keyout key.pem -out cert.pem
 */
#pragma once

#define CERTIFICATE                                                    \
  "-----BEGIN CERTIFICATE-----\n"                                      \
  "MIIBqzCCAVKgAwIBAgIUR0YzQsO/phWyCVjTcqokM+H1pYQwCgYIKoZIzj0EAwIw\n" \
  "GTEXMBUGA1UEAwwObGliZ21wcm9jIHRlc3QwIBcNMjYxMTI3MDYwODA1WhgPMjEy\n" \
  "NjExMDMwNjA4MDVaMBkxFzAVBgNVBAMMDmxpYmdtcHJvYyB0ZXN0MFkwEwYHKoZI\n" \
  "zj0CAQYIKoZIzj0DAQcDQgAEj38uj1ZPdyQ2ru5gHLe7xz5L0ySCZmD2zNeQaPhy\n" \
  "n0jBp8XdzfjTD7WUM0WGq6Sq7ULI1YLI/RgvWh1QjIgfQKN2MHQwHQYDVR0OBBYE\n" \
  "FAo5NPc3AFMXtQnht7CiDtisOld5MB8GA1UdIwQYMBaAFAo5NPc3AFMXtQnht7Ci\n" \
  "DtisOld5MA8GA1UdEwEB/wQFMAMBAf8wIQYDVR0RBBowGIcEfwAAAYIQbGlzdGVu\n" \
  "ZXIuZXhhbXBsZTAKBggqhkjOPQQDAgNHADBEAiABWduhVYjdncMohzAcIpnvc6OQ\n" \
  "pu5BWUlrP8APz2HSgAIgIs6hE3lBd0F2Hktt2ROji4/BjIga1U7WvwTUhf39ICw=\n" \
  "-----END CERTIFICATE-----\n"

#define PRIVATE_KEY                                                    \
  "-----BEGIN PRIVATE KEY-----\n"                                      \
  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgDhDJceFExJgypwGb\n" \
  "TpQdeguItbUvQCYjjbdv7p6TkDWhRANCAASPfy6PVk93JDau7mAct7vHPkvTJIJm\n" \
  "YPbM15Bo+HKfSMGnxd3N+NMPtZQzRYarpKrtQsjVgsj9GC9aHVCMiB9A\n"         \
  "-----END PRIVATE KEY-----\n"

#define OTHER_CERTIFICATE                                              \
  "-----BEGIN CERTIFICATE-----\n"                                      \
  "MIIBpjCCAUygAwIBAgIUE+IryLqQSGg80mGliWeK8Oj+IP0wCgYIKoZIzj0EAwIw\n" \
  "HzEdMBsGA1UEAwwUbGliZ21wcm9jIG90aGVyIHRlc3QwIBcNMjYxMTI3MDYwODA1\n" \
  "WhgPMjEyNjExMDMwNjA4MDVaMB8xHTAbBgNVBAMMFGxpYmdtcHJvYyBvdGhlciB0\n" \
  "ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEDZw5BqFInYemarwMm79h/amQ\n" \
  "Q4Ocjk9amGKWVUrLSSkM5/OmP87/T8cHgFUefEYm+9Letlg6jhHNf/+fkHvdzKNk\n" \
  "MGIwHQYDVR0OBBYEFMEzv9oHB8IXRO2dFcD5qzl3royUMB8GA1UdIwQYMBaAFMEz\n" \
  "v9oHB8IXRO2dFcD5qzl3royUMA8GA1UdEwEB/wQFMAMBAf8wDwYDVR0RBAgwBocE\n" \
  "fwAAATAKBggqhkjOPQQDAgNIADBFAiAfP/xjiMYh1eJlebO7izttJsEGLmrPH0n0\n" \
  "ebzx9jBgJgIhAMHEBnXOVUYKuqP8nJvxRog9dD3XODZplVIqzx9wviz0\n"         \
  "-----END CERTIFICATE-----\n"
