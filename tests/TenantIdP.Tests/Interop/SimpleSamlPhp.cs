using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using TenantIdP.Testing.Clients;

namespace TenantIdP.Tests.Interop;

/// <summary>SimpleSAMLphp of Debian, run by php itself: line breaks inside SignedInfo, NameID by attribute, signed single logout, a new key in metadata before it signs.</summary>
internal sealed partial class SimpleSamlPhp : SamlIdp
{
    private const string Program = "/usr/share/simplesamlphp/www";
    private const string Mail = "urn:oid:0.9.2342.19200300.100.1.3";
    private const string EmailAddress = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

    private static readonly TimeSpan StartsWithin = TimeSpan.FromSeconds(30);

    private readonly Process process;
    private readonly string folder;
    private readonly JsonObject settings;
    private readonly ConcurrentQueue<string> lines;
    private readonly string domain;

    private SimpleSamlPhp(Process process, string folder, JsonObject settings, ConcurrentQueue<string> lines, string domain)
    {
        (this.process, this.folder, this.settings, this.lines, this.domain) = (process, folder, settings, lines, domain);
        var address = (string)settings["address"]!; // written by the caller, as the next one
        EntityId = (string)settings["entityId"]!;
        MetadataAddress = $"{address}/saml2/idp/metadata.php";
        SingleSignOn = $"{address}/saml2/idp/SSOService.php";
        SingleLogout = $"{address}/saml2/idp/SingleLogoutService.php";
        SignOut = new Uri($"{SingleLogout}?ReturnTo={Uri.EscapeDataString(address + "/logout.php")}");
    }

    public override Uri SignOut { get; }

    /// <summary>What it wrote to its log, for a test that fails.</summary>
    public string Log => string.Join('\n', lines);

    /// <param name="rollover">Metadata lists a second, newer key first, while the old one still signs.</param>
    public static async Task<SimpleSamlPhp> StartAsync(SamlIdpOptions options, CancellationToken ct, bool rollover = false)
    {
        if (!Directory.Exists(Program)) throw new InvalidOperationException("Install simplesamlphp first; tests/run.sh does.");
        var folder = Directory.CreateTempSubdirectory("tidp-simplesamlphp-").FullName;
        var certificate = WriteKey(folder, "idp");
        if (rollover) WriteKey(folder, "new");
        var lines = new ConcurrentQueue<string>();
        var process = Process.Start(Command(folder))!; // a file to run was given
        var address = await ListensAsync(process, lines, ct);
        var settings = new JsonObject
        {
            ["address"] = address,
            ["entityId"] = options.EntityId ?? $"{address}/saml2/idp/metadata.php",
            ["signResponse"] = options.SignResponse,
            ["signAssertion"] = options.SignAssertion,
            ["encryption"] = options.Encryption,
            ["signedRequests"] = options.SignedRequests,
            ["rollover"] = rollover,
            ["nameIdAttribute"] = Mail,
            ["nameIdFormat"] = EmailAddress,
            ["users"] = new JsonObject(),
            ["serviceProviders"] = new JsonArray(),
        };
        var made = new SimpleSamlPhp(process, folder, settings, lines, options.Domain) { Certificate = certificate };
        await made.SaveAsync(ct);
        return made;
    }

    public override async Task RegisterAsync(SamlParty party, CancellationToken ct)
    {
        settings["serviceProviders"]!.AsArray().Add(new JsonObject // made with it
        {
            ["entityId"] = party.EntityId,
            ["acs"] = party.Acs,
            ["slo"] = party.Slo,
            ["sloBinding"] = $"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-{(party.SloByPost ? "POST" : "Redirect")}",
            ["certificates"] = new JsonArray([.. party.Certificates.Select(c => (JsonNode)c)]),
        });
        await SaveAsync(ct);
    }

    public override Uri Start(SamlParty party, string? relayState) =>
        new($"{SingleSignOn}?spentityid={Uri.EscapeDataString(party.EntityId)}{(relayState is null ? "" : $"&RelayState={Uri.EscapeDataString(relayState)}")}");

    public override async Task<WebPage> SignInAsync(WebBrowser browser, WebPage page, string login, CancellationToken ct)
    {
        settings["users"]![$"{login}:any"] = new JsonObject // made with it
        {
            [Mail] = new JsonArray($"{login}@{domain}"),
            ["urn:oid:1.3.6.1.4.1.5923.1.1.1.6"] = new JsonArray($"{login}@{domain}"),
            ["urn:oid:2.5.4.42"] = new JsonArray(login),
            ["urn:oid:2.5.4.4"] = new JsonArray("Upstream"),
            ["urn:oid:2.16.840.1.113730.3.1.241"] = new JsonArray($"{login} Upstream"),
            ["urn:oid:1.3.6.1.4.1.5923.1.5.1.1"] = new JsonArray("staff", "auditors"),
        };
        await SaveAsync(ct);
        return await browser.SubmitAsync(page, new Dictionary<string, string> { ["username"] = login, ["password"] = "any" }, ct, "form[name=f]");
    }

    public override async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static ProcessStartInfo Command(string folder)
    {
        var start = new ProcessStartInfo("php", ["-d", "display_errors=0", "-d", "log_errors=1", "-d", $"sys_temp_dir={folder}", "-S", "127.0.0.1:0", "-t", Program]) { RedirectStandardError = true };
        start.Environment["SIMPLESAMLPHP_CONFIG_DIR"] = Path.Combine(NodeProgram.Folder(), "simplesamlphp");
        start.Environment["TENANTIDP_SIMPLESAMLPHP"] = folder;
        return start;
    }

    /// <summary>php chooses the port and says so.</summary>
    private static async Task<string> ListensAsync(Process process, ConcurrentQueue<string> lines, CancellationToken ct)
    {
        var listens = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null) listens.TrySetException(new InvalidOperationException($"php ended: {string.Join('\n', lines)}"));
            else if (Started().Match(line.Data) is { Success: true } match) listens.TrySetResult(match.Groups[1].Value);
            else lines.Enqueue(line.Data);
        };
        process.BeginErrorReadLine();
        return await listens.Task.WaitAsync(StartsWithin, ct);
    }

    private static string WriteKey(string folder, string name)
    {
        var (key, pem, certificate) = MakeKey($"simplesamlphp {name}");
        File.WriteAllText(Path.Combine(folder, $"{name}.key"), key);
        File.WriteAllText(Path.Combine(folder, $"{name}.crt"), pem);
        return certificate;
    }

    /// <summary>In one step: php reads the file at each request.</summary>
    private async Task SaveAsync(CancellationToken ct)
    {
        var path = Path.Combine(folder, "settings.json");
        await File.WriteAllTextAsync(path + ".new", settings.ToJsonString(), ct);
        File.Move(path + ".new", path, overwrite: true);
    }

    [GeneratedRegex(@"Development Server \((http://127\.0\.0\.1:\d+)\) started")]
    private static partial Regex Started();
}
