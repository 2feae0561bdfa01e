using System.Xml.Linq;

namespace TenantIdP.Demo.SamlIdp;

/// <summary>An application's request to end sessions (Core 3.7.1).</summary>
internal sealed record LogoutRequest(string Id, string Issuer, string NameId, IReadOnlyList<string> SessionIndexes, string? RelayState)
{
    private static readonly XNamespace Samlp = SamlNames.Protocol, Saml = SamlNames.Assertion;

    public static (LogoutRequest? Request, string? Refusal) Read(SamlMessage message, SamlIdpState state)
    {
        var root = message.Root;
        if (root.Name != Samlp + "LogoutRequest" || (string?)root.Attribute("Version") != "2.0")
            return (null, "This is not a LogoutRequest of SAML 2.0.");
        if ((string?)root.Attribute("ID") is not { } id || !AuthnRequest.IsId(id))
            return (null, "The request has no usable ID.");
        if ((string?)root.Element(Saml + "Issuer") is not { Length: > 0 } issuer || (string?)root.Element(Saml + "NameID") is not { Length: > 0 } nameId)
            return (null, "The request does not say who asks, or for whom.");
        if ((string?)root.Attribute("Destination") is { } destination && destination != state.SloUrl)
            return (null, "The request was meant for another identity provider.");

        return (new(id, issuer, nameId, [.. root.Elements(Samlp + "SessionIndex").Select(index => index.Value)], message.RelayState), null);
    }

    public static bool IsAnswer(SamlMessage message) => message.Root.Name == Samlp + "LogoutResponse";
}
