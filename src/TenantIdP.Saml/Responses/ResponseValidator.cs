using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Responses;

/// <summary>Decides whether a response of the browser profile (Profiles 4.1) is to be believed. Pure; throws for no input.</summary>
public static class ResponseValidator
{
    /// <summary>The most that an encoded message may have: a mebibyte of XML in base64, with line breaks.</summary>
    public const int MaxEncodedLength = 1_500_000;

    /// <summary>Everything that can be known without the request of the browser; <see cref="Match"/> is the rest.</summary>
    /// <param name="encoded">The form field SAMLResponse.</param>
    public static SamlVerdict<ValidatedResponse> Validate(string encoded, ResponseRules rules)
    {
        var checks = new CheckList();
        return checks.Conclude(ResponseChecks.Unreadable, () => new ResponseReading(rules, checks).Read(encoded));
    }

    /// <summary>Whether a valid response is the answer to the request that this browser sent (Profiles 4.1.4.3), and does what was asked (Core 3.4.1).</summary>
    public static SamlVerdict<ValidatedResponse> Match(ValidatedResponse response, RequestFacts request)
    {
        var checks = new CheckList();
        var matches = checks.Require(response.InResponseTo is { } id && id == request.Id, ResponseChecks.InResponseTo, response.InResponseTo is null ? "No request." : "Another request's.", "the request of this browser", "The request of this browser.")
            && (request.ForceAuthn
                ? checks.Require(response.AuthnInstant >= request.IssuedAt - request.ClockSkew, ResponseChecks.Fresh, $"Signed in at {Elements.Say(response.AuthnInstant)}.", $"after {Elements.Say(request.IssuedAt)}")
                : checks.Skip(ResponseChecks.Fresh, "Not asked for."))
            && (request.RequestedContexts.Count > 0
                ? checks.Require(
                    response.AuthnContextClass is { } context && request.RequestedContexts.Contains(context, StringComparer.Ordinal), ResponseChecks.Context, Elements.Quote(response.AuthnContextClass),
                    string.Join(" or ", request.RequestedContexts))
                : checks.Skip(ResponseChecks.Context, "Not asked for."));
        return matches ? SamlVerdict<ValidatedResponse>.Accepted(response, checks.All) : SamlVerdict<ValidatedResponse>.Refused(checks.All);
    }
}
