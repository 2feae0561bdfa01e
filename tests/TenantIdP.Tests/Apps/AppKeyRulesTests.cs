using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Testing.Clients;
using Xunit;

namespace TenantIdP.Tests.Apps;

public sealed class AppKeyRulesTests : IDisposable
{
    private readonly SigningApp signing = new();

    public void Dispose() => signing.Dispose();

    private static Error? Refusal(params AppKey[] keys) => AppKeyRules.Check(new AppKeySet(keys)).Error;

    private static AppKey Rsa(int bits, string exponent = "AQAB")
    {
        var modulus = new byte[bits / 8];
        Array.Fill(modulus, (byte)0xff);
        return new AppKey { Kty = "RSA", N = Base64Url.EncodeToString(modulus), E = exponent };
    }

    [Fact]
    public void Public_keys_of_both_kinds_are_accepted_and_only_what_they_are_is_kept()
    {
        var other = new Dictionary<string, JsonElement> { ["x5t"] = JsonSerializer.SerializeToElement("abc") };

        Assert.Null(Refusal(signing.EcKey with { Use = "sig", Alg = "ES256", Others = other }, signing.RsaKey with { Alg = "PS256" }));
        Assert.Null(Refusal(Rsa(2_048)));
        Assert.Null(Refusal(Rsa(4_096)));
        Assert.Null(AppKeyRules.Kept(new([signing.EcKey with { Others = other }])).Keys[0].Others);
    }

    [Theory, InlineData("d"), InlineData("p"), InlineData("q"), InlineData("dp"), InlineData("dq"), InlineData("qi"), InlineData("oth"), InlineData("k")]
    public void Any_private_member_refuses_the_set(string member)
    {
        var others = new Dictionary<string, JsonElement> { [member] = JsonSerializer.SerializeToElement("AAAA") };

        Assert.Equal(AppErrors.JwksPrivate, Refusal(signing.EcKey, signing.RsaKey with { Others = others }));
    }

    [Fact]
    public void Weak_huge_foreign_and_malformed_keys_are_refused()
    {
        var (ec, rsa) = (signing.EcKey, signing.RsaKey);
        AppKey[] bad =
        [
            Rsa(1_024), Rsa(2_040), Rsa(4_104), Rsa(2_048, "AQ"), Rsa(2_048, "Ag"), Rsa(2_048, "AAEAAQ"), Rsa(2_048, "AQAAAAAB"), rsa with { N = null }, rsa with { N = rsa.N + "=" }, rsa with { N = "AAAA" + rsa.N }, rsa with { E = null },
            rsa with { Alg = "ES256" }, rsa with { Alg = "RS512" }, rsa with { Use = "enc" }, rsa with { Crv = "P-256" }, ec with { Crv = "P-384" }, ec with { Crv = "secp256k1" }, ec with { Alg = "RS256" }, ec with { Y = ec.X },
            ec with { X = null }, ec with { X = ec.X![..40] }, ec with { Kid = "" }, ec with { Kid = new string('k', 201) }, ec with { Kid = "a\nb" }, ec with { Kty = "oct" }, ec with { Kty = "OKP" }, // an EC key has one
        ];

        Assert.All(bad, key => Assert.Equal(AppErrors.JwksInvalid, Refusal(key)));
    }

    [Fact]
    public void A_set_has_one_to_ten_keys_and_no_two_with_one_id()
    {
        Assert.Equal(AppErrors.JwksInvalid, Refusal());
        Assert.Equal(AppErrors.JwksInvalid, Refusal(null!));
        Assert.Equal(AppErrors.JwksInvalid, Refusal([.. Enumerable.Range(0, 11).Select(i => signing.EcKey with { Kid = $"{i}" })]));
        Assert.Null(Refusal([.. Enumerable.Range(0, 10).Select(i => signing.EcKey with { Kid = $"{i}" })]));
        Assert.Equal(AppErrors.JwksInvalid, Refusal(signing.EcKey with { Kid = "a" }, signing.RsaKey with { Kid = "a" }));
    }

    [Fact]
    public void A_thumbprint_is_that_of_RFC_7638()
    {
        // Section 3.1 there.
        var key = new AppKey
        {
            Kty = "RSA", E = "AQAB",
            N = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        };

        Assert.Equal("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", AppKeyRules.Thumbprint(key));
    }

    [Fact]
    public void Of_a_published_set_the_usable_keys_are_read_and_the_others_passed_over()
    {
        var good = JsonSerializer.Serialize(signing.EcKey, JsonText.Options);
        var leaked = good.Replace("{", "{\"d\":\"AAAA\",", StringComparison.Ordinal);

        var read = AppKeyRules.Published($$"""{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"},{"kty":"oct","k":"AAAA"},{"kty":"EC","crv":7},{"use":"sig"},7,null,{{leaked}},{{good}}],"more":[]}""");

        Assert.Equal(signing.EcKey.X, Assert.Single(read!).X); // it was a set
        Assert.Empty(AppKeyRules.Published("""{"keys":[]}""")!); // as above
        Assert.All((string[])["", "[]", "null", "<html>", """{"keys":{}}""", """{"keys":["""], text => Assert.Null(AppKeyRules.Published(text)));
    }
}
