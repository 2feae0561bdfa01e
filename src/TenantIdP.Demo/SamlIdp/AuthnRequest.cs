using System.Xml;
using System.Xml.Linq;

namespace TenantIdP.Demo.SamlIdp;

/// <summary>A request that may be answered: its application and the address to answer to are known.</summary>
internal sealed record AuthnRequest(string Id, SamlServiceProvider Provider, string? RelayState, string? LoginHint)
{
    private static readonly XNamespace Samlp = SamlNames.Protocol, Saml = SamlNames.Assertion;

    public bool ForceAuthn { get; private init; }

    public bool IsPassive { get; private init; }

    public string? NameIdFormat { get; private init; }

    /// <summary>Core 3.4.1. A request that cannot be answered safely stays on our own page: its address is what is in doubt.</summary>
    public static (AuthnRequest? Request, string? Refusal) Read(SamlMessage message, string? loginHint, SamlIdpState state)
    {
        var root = message.Root;
        if (root.Name != Samlp + "AuthnRequest" || (string?)root.Attribute("Version") != "2.0")
            return (null, "This is not an AuthnRequest of SAML 2.0.");
        if ((string?)root.Attribute("ID") is not { } id || !IsId(id))
            return (null, "The request has no usable ID.");
        if ((string?)root.Element(Saml + "Issuer") is not { Length: > 0 and <= 1024 } issuer)
            return (null, "The request does not say who asks.");
        if ((string?)root.Attribute("Destination") is { } destination && destination != state.SsoUrl)
            return (null, "The request was meant for another identity provider.");
        if ((string?)root.Attribute("ProtocolBinding") is not (null or SamlNames.PostBinding))
            return (null, "Answers are sent by the POST binding only.");
        if (SamlServiceProvider.At(issuer, (string?)root.Attribute("AssertionConsumerServiceURL"), state.Options) is not { } provider)
            return (null, "The address to return to is not registered for this application.");

        return (new(id, provider, message.RelayState, (string?)root.Element(Saml + "Subject")?.Element(Saml + "NameID") ?? loginHint)
        {
            ForceAuthn = IsTrue(root.Attribute("ForceAuthn")),
            IsPassive = IsTrue(root.Attribute("IsPassive")),
            NameIdFormat = (string?)root.Element(Samlp + "NameIDPolicy")?.Attribute("Format"),
        }, null);
    }

    public static bool IsId(string text) => text.Length <= 256 && XmlReader.IsName(text) && !text.Contains(':', StringComparison.Ordinal);

    private static bool IsTrue(XAttribute? flag) => flag?.Value is "true" or "1";
}
