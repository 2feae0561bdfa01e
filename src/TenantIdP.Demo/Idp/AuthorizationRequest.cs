using System.Globalization;
using Microsoft.Extensions.Primitives;

namespace TenantIdP.Demo.Idp;

/// <summary>A validated authorization request; what the browser sends afterwards is only a handle to it.</summary>
internal sealed record AuthorizationRequest(
    Uri RedirectUri,
    string? State,
    string? Nonce,
    IReadOnlySet<string> Scopes,
    string? CodeChallenge,
    IReadOnlySet<string> Prompt,
    int? MaxAge,
    string? LoginHint)
{
    /// <summary>Reads the parameters; a failure without a redirect URI must stay on our own page (RFC 6749 4.1.2.1).</summary>
    public static (AuthorizationRequest? Request, AuthorizationFailure? Failure) Read(IEnumerable<KeyValuePair<string, StringValues>> parameters, DemoIdpOptions options)
    {
        var sent = parameters.Where(p => p.Value.Count > 0).ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);
        string? One(string name) => sent.TryGetValue(name, out var values) && values is [{ Length: > 0 } value] ? value : null;

        if (One("client_id") != options.ClientId)
            return (null, new("invalid_client", "This application is not known here."));
        if (!Uri.TryCreate(One("redirect_uri"), UriKind.Absolute, out var redirectUri) || !RedirectPattern.MatchesAny(options.RedirectUris, redirectUri))
            return (null, new("invalid_redirect_uri", "The address to return to is not registered for this application."));

        var state = One("state");
        (AuthorizationRequest?, AuthorizationFailure?) Refuse(string error, string sentence) => (null, new(error, sentence, redirectUri, state));

        if (sent.FirstOrDefault(p => p.Value.Count > 1) is { Key: { } repeated })
            return Refuse("invalid_request", $"The parameter {repeated} was sent more than once.");
        if (sent.ContainsKey("request"))
            return Refuse("request_not_supported", "Request objects are not supported.");
        if (sent.ContainsKey("request_uri"))
            return Refuse("request_uri_not_supported", "Request objects are not supported.");
        if (One("response_type") != "code")
            return Refuse("unsupported_response_type", "Only the response type code is supported.");
        if (One("response_mode") is not (null or "query"))
            return Refuse("invalid_request", "Only the response mode query is supported.");

        var scopes = Words(One("scope"));
        if (!scopes.Contains("openid"))
            return Refuse("invalid_scope", "The scope openid is required.");

        var challenge = One("code_challenge");
        if (challenge is null ? One("code_challenge_method") is not null : One("code_challenge_method") != "S256" || challenge.Length != 43)
            return Refuse("invalid_request", "PKCE is accepted with the method S256 only.");

        var prompt = Words(One("prompt"));
        if (prompt.Contains("none") && prompt.Count > 1)
            return Refuse("invalid_request", "The prompt none cannot be combined with another.");

        int? maxAge = null;
        if (One("max_age") is { } age)
        {
            if (!int.TryParse(age, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
                return Refuse("invalid_request", "The parameter max_age must be a number of seconds.");
            maxAge = seconds;
        }

        return (new(redirectUri, state, One("nonce"), scopes, challenge, prompt, maxAge, One("login_hint")), null);
    }

    private static HashSet<string> Words(string? list) =>
        (list ?? string.Empty).Split(' ', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
}

internal sealed record AuthorizationFailure(string Error, string Sentence, Uri? RedirectUri = null, string? State = null);
