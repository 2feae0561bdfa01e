using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Logout;
using TenantIdP.Saml.Metadata;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Saml.Fuzz;

/// <param name="Problem">What should never happen; null when it did not.</param>
/// <param name="Accepted">By how many readers the input was believed.</param>
internal sealed record Outcome(string? Problem, int Accepted);

/// <summary>
/// Gives one input to every public reader. Wrong is: an exception; the rule for what nobody foresaw; a message that is believed and says something else than the messages
/// that were really signed.
/// </summary>
internal sealed class FuzzTarget : IDisposable
{
    private const string SloUrl = "https://sp.example.test/slo";
    private const string LogoutIdp = "https://idp.example.test";
    private static readonly DateTimeOffset LogoutTime = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    private readonly List<SamlKeyPair> keys = [];
    private readonly List<ResponseRules> rules = [];
    private readonly HashSet<string> identities = new(StringComparer.Ordinal);
    private readonly LogoutRules logout;

    public FuzzTarget()
    {
        var genuine = Path.Combine(AppContext.BaseDirectory, "genuine");
        foreach (var program in new[] { "samlp", "simplesamlphp" }) Learn(Directory.EnumerateFiles(Path.Combine(genuine, program), "*.json").Order(StringComparer.Ordinal));
        logout = new LogoutRules { IdpEntityId = LogoutIdp, SloUrls = [SloUrl], Certificates = [Certificate(File.ReadAllText(Path.Combine(Corpus.Folder, "logout", "certificate.txt")))], Now = LogoutTime };
        foreach (var name in new[] { "request", "response" })
        {
            var read = LogoutMessage.FromPost(Convert.ToBase64String(File.ReadAllBytes(Path.Combine(Corpus.Folder, "logout", name + ".xml"))));
            identities.UnionWith(Believed(read.Value ?? throw new InvalidOperationException(read.Failure?.Seen)).Select(b => b.Identity).OfType<string>());
        }
    }

    public Outcome Judge(byte[] input)
    {
        try
        {
            var text = Encoding.UTF8.GetString(input);
            var found = Responses(input).Concat(LogoutMessages(input, text)).Append(MetadataOf(text)).ToList();
            var strange = found.Select(f => f.Problem ?? (f.Identity is { } identity && !identities.Contains(identity) ? "Believed: " + identity : null)).FirstOrDefault(p => p is not null);
            return new Outcome(strange, found.Count(f => f.IsAccepted));
        }
#pragma warning disable CA1031 // Whatever it is, it is what this program looks for.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            return new Outcome(thrown.ToString(), 0);
        }
    }

    public void Dispose() => keys.ForEach(key => key.Dispose());

    /// <param name="Identity">Who and what is believed, in words; null for what no signature protects.</param>
    private sealed record Finding(bool IsAccepted, string? Identity, string? Problem);

    private IEnumerable<Finding> Responses(byte[] input)
    {
        var encoded = Convert.ToBase64String(input);
        return rules.Select(r => ResponseValidator.Validate(encoded, r)).Select(v => Of(v, Say));
    }

    private IEnumerable<Finding> LogoutMessages(byte[] input, string text)
    {
        foreach (var read in new[] { LogoutMessage.FromPost(Convert.ToBase64String(input)), LogoutMessage.FromPost(text), LogoutMessage.FromRedirect(text) })
        {
            if (!read.IsOk) yield return Of(read, _ => "");
            else foreach (var finding in Believed(read.Value)) yield return finding;
        }
    }

    private IEnumerable<Finding> Believed(LogoutMessage message) =>
        [Of(LogoutValidator.ReadRequest(message, logout), LogoutWriter.Write), Of(LogoutValidator.ReadResponse(message, logout), LogoutWriter.Write)];

    private static Finding MetadataOf(string text)
    {
        var verdict = IdpMetadataReader.Read(text, null, LogoutTime, allowHttp: true);
        return Of(verdict, _ => "") with { Identity = null };
    }

    private static Finding Of<T>(SamlVerdict<T> verdict, Func<T, string> say) where T : class =>
        verdict.IsOk ? new Finding(true, say(verdict.Value), null)
        : new Finding(false, null, verdict.Failure.Rule.Code.EndsWith("_unreadable", StringComparison.Ordinal) ? $"{verdict.Failure.Rule.Code}: {verdict.Failure.Seen}" : null);

    /// <summary>All that a signature protects. The ID of the response and which request it answers are not in it where only the assertion is signed.</summary>
    private static string Say(ValidatedResponse r) => string.Join(
        '|',
        [r.Issuer, r.AssertionId, r.InResponseTo, r.NameId?.Value, r.NameId?.Format, r.NameId?.NameQualifier, r.NameId?.SpNameQualifier, r.SessionIndex, $"{r.AuthnInstant:O}", $"{r.SessionNotOnOrAfter:O}",
            r.AuthnContextClass, .. r.Attributes.Select(a => $"{a.Name}={string.Join(',', a.Values)}")]);

    private void Learn(IEnumerable<string> files)
    {
        var (certificates, opened, facts) = (new List<SamlCertificate>(), new List<SamlKeyPair>(), new List<(string Path, JsonNode Facts)>());
        foreach (var file in files)
        {
            var read = JsonNode.Parse(File.ReadAllText(file)) ?? throw new InvalidOperationException(file);
            facts.Add((file, read));
            certificates.AddRange(read["certificates"]!.AsArray().Select(c => Certificate((string)c!))); // written together
            if (read["decryption"] is not { } decryption) continue;
            using var key = RSA.Create();
            key.ImportFromPem((string)decryption["privateKey"]!); // as above
            opened.Add(SamlKeyPair.Open(key.ExportPkcs8PrivateKey(), Convert.FromBase64String((string)decryption["certificate"]!))); // as above
        }

        keys.AddRange(opened);
        // Those of one program were sent within seconds: one set of rules holds for all of them.
        var first = facts[0].Facts;
        var all = new ResponseRules
        {
            IdpEntityId = (string)first["idpEntityId"]!, SigningCertificates = certificates, Audiences = [(string)first["audience"]!], AcsUrls = [(string)first["acsUrl"]!],
            Now = facts.Max(f => DateTimeOffset.Parse((string)f.Facts["validAt"]!, CultureInfo.InvariantCulture)), DecryptionKeys = opened, AllowSha1 = true, AllowAesCbc = true, AllowUnsolicited = true,
        };
        rules.Add(all);
        foreach (var (path, _) in facts)
        {
            var verdict = ResponseValidator.Validate(Convert.ToBase64String(File.ReadAllBytes(Path.ChangeExtension(path, ".xml"))), all);
            identities.Add(verdict.IsOk ? Say(verdict.Value) : throw new InvalidOperationException($"{path}: {verdict.Failure}"));
        }
    }

    private static SamlCertificate Certificate(string text) => SamlCertificate.TryRead(text, out var read) && read is not null ? read : throw new InvalidOperationException("The certificate can't be read.");
}
