using System.Text.Json.Nodes;
using TenantIdP.Testing.Clients;

namespace TenantIdP.Tests.Interop;

/// <summary>npm samlp: an assertion that is signed alone by default, GCM, one logout after another.</summary>
internal sealed class SamlpIdp : SamlIdp
{
    private readonly NodeProgram program;
    private readonly string start;

    private SamlpIdp(NodeProgram program, JsonObject addresses, string certificate)
    {
        this.program = program;
        EntityId = (string)addresses["issuer"]!; // part of a success, as all of these
        MetadataAddress = (string)addresses["metadata"]!;
        SingleSignOn = (string)addresses["sso"]!;
        start = (string)addresses["start"]!;
        SingleLogout = (string)addresses["logout"]!;
        SignOut = new Uri(SingleLogout);
        Certificate = certificate;
    }

    public override Uri SignOut { get; }

    /// <param name="sha1">Signs with SHA-1, as old installations do.</param>
    public static async Task<SamlpIdp> StartAsync(SamlIdpOptions options, CancellationToken ct, bool sha1 = false)
    {
        var (key, pem, certificate) = MakeKey("samlp");
        var program = NodeProgram.Start("samlp-idp.mjs", new JsonObject
        {
            ["key"] = key,
            ["certificate"] = pem,
            ["entityId"] = options.EntityId,
            ["domain"] = options.Domain,
            ["signResponse"] = options.SignResponse,
            ["signAssertion"] = options.SignAssertion,
            ["encryption"] = options.Encryption,
            ["signedRequests"] = options.SignedRequests,
            ["sha1"] = sha1,
        });
        return new SamlpIdp(program, await program.DoAsync("address", ct), certificate);
    }

    public override Task RegisterAsync(SamlParty party, CancellationToken ct) => program.DoAsync("register", ct,
        ("entityId", party.EntityId), ("acs", party.Acs), ("slo", party.Slo), ("sloBinding", party.SloByPost ? "post" : "redirect"), ("certificate", party.Certificates is [var first, ..] ? first : null));

    /// <inheritdoc/>
    /// <remarks>It knows one service provider.</remarks>
    public override Uri Start(SamlParty party, string? relayState) => new(relayState is null ? start : $"{start}?RelayState={Uri.EscapeDataString(relayState)}");

    public override Task<WebPage> SignInAsync(WebBrowser browser, WebPage page, string login, CancellationToken ct) =>
        browser.SubmitAsync(page, new Dictionary<string, string> { ["login"] = login, ["password"] = "any" }, ct, "form:has(input[name=login])");

    /// <summary>Who is signed in there, in any browser.</summary>
    public async Task<IReadOnlyList<string>> SignedInAsync(CancellationToken ct) =>
        [.. (await program.DoAsync("sessions", ct))["signedIn"]!.AsArray().Select(login => (string)login!)]; // part of a success

    public override ValueTask DisposeAsync() => program.DisposeAsync();
}
