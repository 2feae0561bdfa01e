using System.Security.Cryptography;
using System.Text;

namespace TenantIdP.Demo.Idp;

/// <summary>What a demo identity provider is asked to do wrong.</summary>
public enum DemoIdpFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Signs its id tokens with a key that its JWKS does not publish.</summary>
    ForeignKey,

    /// <summary>Accepts connections and never answers.</summary>
    Hang,

    /// <summary>Answers 404 everywhere.</summary>
    NotFound,
}

/// <summary>One OpenID provider of the demo. Development only: it asks nobody for a password.</summary>
public sealed record DemoIdpOptions
{
    public required string Name { get; init; }

    /// <summary>Base of every endpoint, http on 127.0.0.1. Port 0 takes a free one; read <see cref="DemoIdp.Issuer"/> afterwards.</summary>
    public required Uri Issuer { get; init; }

    public required string ClientId { get; init; }

    public required string ClientSecret { get; init; }

    /// <summary>Where answers may go: whole URIs, in which a path segment <c>*</c> stands for any one segment.</summary>
    public required IReadOnlyList<string> RedirectUris { get; init; }

    public required IReadOnlyList<DemoIdpPerson> People { get; init; }

    public DemoIdpFault Fault { get; init; }
}

/// <summary>Somebody who can sign in at a demo identity provider.</summary>
public sealed record DemoIdpPerson(string Subject, string Email, string GivenName, string FamilyName)
{
    public string Name => FamilyName.Length == 0 ? GivenName : $"{GivenName} {FamilyName}";

    /// <summary>What the SAML provider sends as <c>groups</c>; the OpenID provider sends none.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    public static DemoIdpPerson At(string idp, string email, string givenName, string familyName) =>
        new(SubjectOf(idp, email), email, givenName, familyName);

    /// <summary>The <c>sub</c> that the named provider sends for an address: opaque, the same at every start.</summary>
    public static string SubjectOf(string idp, string email)
    {
        var key = $"{idp.ToUpperInvariant()}\n{email.Trim().ToUpperInvariant()}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(0, 16));
    }
}
