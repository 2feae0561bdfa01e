using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using OpenIddict.Abstractions;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Workspaces;
using TenantIdP.Engine.OpenIddict.Stores;

namespace TenantIdP.Engine.OpenIddict.Endpoints;

/// <summary>
/// A pending authorization request as our pages know it: sealed into one parameter of the return URL when it was first validated. A URL without that seal, or with a seal made
/// for another request, is not a pending request.
/// </summary>
public sealed class AuthorizationRequests(IDataProtectionProvider protection, AppCache apps, OidcSession session, AuthorizeService authorize, TokenOptions options, TimeProvider clock)
    : IAuthorizationRequests
{
    public const string Parameter = "interaction";

    private const string InvitationParameter = "invitation";

    /// <summary>Longer than any token of one.</summary>
    private const int MaxInvitation = 200;

    /// <summary>It travels as a parameter of a URL itself, encoded once more.</summary>
    private const int MaxReturnUrl = 8_192;

    internal static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly IDataProtector protector = protection.CreateProtector("TenantIdP.AuthorizationRequest.v1");

    private static readonly string[] Bound = ["client_id", "redirect_uri", "state", "nonce", "code_challenge", "request_uri"];

    /// <param name="Binding">Hash of what makes the request this one: a seal can't be moved to another.</param>
    private sealed record Sealed(
        string ClientId, string Binding, string? Organization, string? Connection, string? DomainHint, string? LoginHint, string[] Prompt, int? MaxAge, string? UiLocales, Interaction Interaction, string? Workspace, Guid? Device = null, string? Invitation = null, string[]? Scopes = null, string? Api = null);

    internal DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>A device's request has the same way through our pages, and comes back to a page of ours instead of an endpoint.</summary>
    internal string ForDevice(App app, Guid device, string? organization)
    {
        var known = new Sealed(app.ClientId, Binding(name => name == "client_id" ? app.ClientId : null), organization, null, null, null, [], null, null, new Interaction(clock.GetUtcNow(), null), null, device);
        return QueryHelpers.AddQueryString(InteractionPaths.ConfirmDevice, new Dictionary<string, string?> { ["client_id"] = app.ClientId, [Parameter] = Seal(known) });
    }

    internal Guid? DeviceOf(string returnUrl) => Read(returnUrl)?.Device;

    public async Task<AuthorizationRequest?> FindAsync(string returnUrl, CancellationToken ct)
    {
        if (Read(returnUrl) is not { } known || Query(returnUrl) is not { } query || known.Binding != Binding(name => query.TryGetValue(name, out var value) ? value.ToString() : null)) return null;
        return await RestoreAsync(known, ct);
    }

    public string With(string returnUrl, Interaction interaction)
    {
        if (Read(returnUrl) is not { } known || Query(returnUrl) is not { } query) throw new ArgumentException("Not a pending authorization request.", nameof(returnUrl));
        query[Parameter] = Seal(known with { Interaction = interaction });
        return QueryHelpers.AddQueryString(PathOf(returnUrl), query);
    }

    /// <summary>The request in hand, with what the person has done so far if its seal is good; and the URL that comes back to it.</summary>
    /// <param name="pushedAt">When the request was pushed, if it was: its first use must come in time.</param>
    /// <returns>Null when the app is gone, the pushed request is too old or the request is too long to come back to.</returns>
    internal async Task<(AuthorizationRequest Request, string ReturnUrl)?> FromAsync(HttpContext http, OpenIddictRequest request, DateTimeOffset? pushedAt, CancellationToken ct)
    {
        var raw = http.Request.HasFormContentType ? (IEnumerable<KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues>>)await http.Request.ReadFormAsync(ct) : http.Request.Query;
        var parameters = raw.Where(p => p.Key != Parameter).ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal);
        var binding = Binding(name => parameters.TryGetValue(name, out var value) ? value.ToString() : null);

        // Sealed from here on: a link that works must be in no address that a browser keeps.
        parameters.Remove(InvitationParameter);

        // From the wire: a pushed request's own parameters have replaced the others by now.
        var earlier = raw.FirstOrDefault(p => p.Key == Parameter).Value is [{ } text] && Open(text) is { Device: null } opened && opened.Binding == binding ? opened : null;
        if (earlier is null && pushedAt is { } pushed && clock.GetUtcNow() - pushed > TimeSpan.FromSeconds(options.PushedRequestSeconds)) return null;
        var interaction = earlier?.Interaction ?? new Interaction(clock.GetUtcNow(), null);
        int? maxAge = request.MaxAge is { } seconds and >= 0 and <= int.MaxValue ? (int)seconds : null;
        var (organization, workspace) = ((string?)request["organization"] ?? (string?)request["organization_id"], (string?)request[WorkspaceName.Parameter]);
        if (organization is null && workspace is not null && WorkspaceName.Of(workspace).Id is { } named) organization = (await authorize.OrganizationOfAsync(named, ct))?.ToString();
        var known = new Sealed(
            request.ClientId!, binding, // the engine has validated the client
            organization, (string?)request["connection"] ?? (string?)request["connection_id"], (string?)request["domain_hint"], request.LoginHint,
            [.. request.GetPromptValues()], maxAge, request.UiLocales, interaction, workspace, Invitation: earlier?.Invitation ?? ((string?)request[InvitationParameter] is { Length: > 0 and <= MaxInvitation } sent ? sent : null),
            Scopes: [.. request.GetScopes()], Api: request.GetResources().FirstOrDefault());
        parameters[Parameter] = Seal(known);
        var returnUrl = QueryHelpers.AddQueryString(InteractionPaths.Authorize, parameters);
        return returnUrl.Length <= MaxReturnUrl && await RestoreAsync(known, ct) is { } restored ? (restored, returnUrl) : null;
    }

    private static Dictionary<string, Microsoft.Extensions.Primitives.StringValues>? Query(string returnUrl) =>
        returnUrl.Length <= MaxReturnUrl * 2 && returnUrl.StartsWith(PathOf(returnUrl) + "?", StringComparison.Ordinal) && !returnUrl.Any(c => c is '\\' or '#' || char.IsControl(c))
            ? QueryHelpers.ParseQuery(returnUrl[PathOf(returnUrl).Length..])
            : null;

    private static string PathOf(string returnUrl) => returnUrl.StartsWith(InteractionPaths.ConfirmDevice + "?", StringComparison.Ordinal) ? InteractionPaths.ConfirmDevice : InteractionPaths.Authorize;

    private static string Binding(Func<string, string?> value) =>
        Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Bound.Select(name => value(name) ?? "")))));

    private Sealed? Read(string returnUrl) => Query(returnUrl) is { } query && query.TryGetValue(Parameter, out var text) && Open(text.ToString()) is { } known
        && known.Device is null == (PathOf(returnUrl) == InteractionPaths.Authorize) ? known : null; // a seal opens at its own path only

    private async Task<AuthorizationRequest?> RestoreAsync(Sealed known, CancellationToken ct) =>
        await apps.FindByClientIdAsync(session, known.ClientId, ct) is { } row && AppRegistry.ToApp(row) is var app
            ? new AuthorizationRequest(app, known.Organization, known.Connection, known.DomainHint, known.LoginHint, known.Prompt.ToHashSet(StringComparer.Ordinal), known.MaxAge, known.UiLocales, known.Interaction)
            {
                Workspace = known.Workspace, Invitation = known.Invitation, Scopes = known.Scopes, Api = known.Api ?? app.DefaultApi,
            }
            : null;

    private string Seal(Sealed value) => protector.Protect(JsonSerializer.Serialize(value, JsonText.Options));

    private Sealed? Open(string text)
    {
        try
        {
            var value = JsonSerializer.Deserialize<Sealed>(protector.Unprotect(text), JsonText.Options);
            return value is not null && clock.GetUtcNow() - value.Interaction.StartedAt < Lifetime ? value : null;
        }
        catch (CryptographicException)
        {
            return null; // forged, cut or older than the key ring: like no seal at all
        }
    }
}
