using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Responses;
using Xunit;

namespace TenantIdP.Saml.Tests;

/// <summary>A genuine message that is refused is a defect; so is one that is accepted without what it needs.</summary>
public sealed class GenuineVerdictTests
{
    public static TheoryData<string> All => [.. GenuineResponse.Names];

    public static TheoryData<string> Needing => [.. GenuineResponse.Names.Where(name => GenuineResponse.Read(name).Needs.Length > 0)];

    [Theory, MemberData(nameof(All))]
    public void It_is_accepted_and_says_what_was_sent(string name)
    {
        var genuine = GenuineResponse.Read(name);
        using var key = genuine.OpenKey();

        var verdict = ResponseValidator.Validate(genuine.Encoded, Rules(genuine, key));

        Assert.True(verdict.IsOk, $"{verdict.Failure}");
        Assert.Equal(genuine.NameId, verdict.Value!.NameId!.Value);
        Assert.Equal(genuine.NameIdFormat, verdict.Value.NameId.Format);
        Assert.Equal(genuine.InResponseTo, verdict.Value.InResponseTo);
        Assert.Equal(genuine.Attributes.OrderBy(a => a.Key), verdict.Value.Attributes.OrderBy(a => a.Name).Select(a => KeyValuePair.Create(a.Name, a.Values.ToArray())));
    }

    /// <summary>SHA-1 signatures, and CBC under a signature that is inside the encryption.</summary>
    [Theory, MemberData(nameof(Needing))]
    public void It_is_refused_where_that_is_not_allowed(string name)
    {
        var genuine = GenuineResponse.Read(name);
        using var key = genuine.OpenKey();

        Assert.False(ResponseValidator.Validate(genuine.Encoded, Rules(genuine, key) with { AllowSha1 = false, AllowAesCbc = false }).IsOk);
    }

    [Fact]
    public void An_unsolicited_one_is_refused_where_that_is_not_allowed() =>
        Assert.False(ResponseValidator.Validate(GenuineResponse.Read("simplesamlphp/unsolicited").Encoded, Rules(GenuineResponse.Read("simplesamlphp/unsolicited"), null) with { AllowUnsolicited = false }).IsOk);

    private static ResponseRules Rules(GenuineResponse genuine, SamlKeyPair? key) => new()
    {
        IdpEntityId = genuine.IdpEntityId,
        SigningCertificates = genuine.Certificates,
        Audiences = [genuine.Audience],
        AcsUrls = [genuine.AcsUrl],
        Now = genuine.ValidAt,
        DecryptionKeys = key is null ? [] : [key],
        AllowSha1 = genuine.Needs == "sha1",
        AllowAesCbc = genuine.Needs == "cbc",
        AllowUnsolicited = genuine.InResponseTo is null,
    };
}
