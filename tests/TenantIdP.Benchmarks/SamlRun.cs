using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Security.Cryptography.Xml;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Responses;

namespace TenantIdP.Benchmarks;

/// <summary>CPU of validating one genuine response, beside the bare signature check of the platform and node-saml on the same file (PERFORMANCE.md P5).</summary>
internal static class SamlRun
{
    private const int Rounds = 400;

    public static async Task RunAsync(string root)
    {
        Console.WriteLine("| response | bytes | our validator, CPU-ms | allocated, KB | bare SignedXml, CPU-ms | node-saml, CPU-ms | ours / SignedXml |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var name in new[] { "simplesamlphp/assertion-signed", "simplesamlphp/both-signed", "samlp/assertion-signed" }) await RunAsync(root, name);
        Hostile();
    }

    private static async Task RunAsync(string root, string name)
    {
        var path = Path.Combine(root, "tests", "TenantIdP.Saml.Tests", "Fixtures", name);
        var facts = JsonNode.Parse(await File.ReadAllTextAsync(path + ".json"))!; // written by our tests
        var sent = await File.ReadAllBytesAsync(path + ".xml");
        var encoded = Convert.ToBase64String(sent);
        var certificate = SamlCertificate.TryRead((string?)facts["certificates"]![0], out var read) && read is not null ? read : throw new InvalidOperationException("The certificate can't be read."); // as above
        var rules = new ResponseRules
        {
            IdpEntityId = (string)facts["idpEntityId"]!, SigningCertificates = [certificate], Audiences = [(string)facts["audience"]!], AcsUrls = [(string)facts["acsUrl"]!], // as above
            Now = DateTimeOffset.Parse((string)facts["validAt"]!, CultureInfo.InvariantCulture), // as above
        };
        using var platform = X509CertificateLoader.LoadCertificate(certificate.Der.Span);
        using var key = platform.GetRSAPublicKey();
        var text = Encoding.UTF8.GetString(sent);

        var (ours, allocated) = Measure(() => Expect(ResponseValidator.Validate(encoded, rules).IsOk));
        var (bare, _) = Measure(() => Expect(Check(text, key!))); // an RSA certificate
        var node = await NodeAsync(root, path);
        Console.WriteLine($"| {name} | {sent.Length} | {ours:F3} | {allocated / 1024:F0} | {bare:F3} | {node:F3} | {ours / bare:F2} |");
    }

    /// <summary>What a server without any other check would do: parse, find the first signature, verify with the pinned key.</summary>
    private static bool Check(string text, System.Security.Cryptography.RSA key)
    {
        var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        document.LoadXml(text);
        var signature = document.GetElementsByTagName("Signature", SignedXml.XmlDsigNamespaceUrl).OfType<XmlElement>().First();
        var signed = new SignedXml((XmlElement)signature.ParentNode!); // in an element
        signed.LoadXml(signature);
        return signed.CheckSignature(key);
    }

    private static void Hostile()
    {
        var rules = new ResponseRules { IdpEntityId = "x", SigningCertificates = [], Audiences = [], AcsUrls = [], Now = DateTimeOffset.UnixEpoch };
        Console.WriteLine();
        Console.WriteLine("| 256 KB of | refused after, ms |");
        Console.WriteLine("|---|---|");
        const string open = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" Version=\"2.0\"><samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>";
        foreach (var (what, text) in new (string, string)[]
        {
            ("levels", string.Concat(Enumerable.Repeat("<a>", 37_000)) + string.Concat(Enumerable.Repeat("</a>", 37_000))),
            ("elements", open + string.Concat(Enumerable.Repeat("<a b='c'/>", 26_000)) + "</samlp:Response>"),
            ("signatures", open + string.Concat(Enumerable.Repeat("<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/>", 4_600)) + "</samlp:Response>"),
            ("IDs", open + string.Concat(Enumerable.Range(0, 9_000).Select(i => $"<a ID='_{i:D10}'/>")) + "</samlp:Response>"),
            ("text", open + new string('a', 256_000) + "</samlp:Response>"),
        })
        {
            var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
            for (var i = 0; i < 20; i++) Expect(!ResponseValidator.Validate(encoded, rules).IsOk);
            var clock = Stopwatch.StartNew();
            for (var i = 0; i < 20; i++) Expect(!ResponseValidator.Validate(encoded, rules).IsOk);
            Console.WriteLine($"| {what} | {clock.Elapsed.TotalMilliseconds / 20:F1} |");
        }
    }

    private static (double Cpu, double Allocated) Measure(Action once)
    {
        for (var i = 0; i < 2 * Rounds; i++) once();
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        once();
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        using var process = Process.GetCurrentProcess();
        var batches = new double[5];
        for (var batch = 0; batch < batches.Length; batch++)
        {
            process.Refresh();
            var before = process.TotalProcessorTime;
            for (var i = 0; i < Rounds; i++) once();
            process.Refresh();
            batches[batch] = (process.TotalProcessorTime - before).TotalMilliseconds / Rounds;
        }

        Array.Sort(batches);
        return (batches[2], allocated);
    }

    private static async Task<double> NodeAsync(string root, string path)
    {
        using var node = Process.Start(new ProcessStartInfo("node", ["node-saml-bench.mjs", path + ".xml", path + ".json", Rounds.ToString(CultureInfo.InvariantCulture)])
        {
            WorkingDirectory = Path.Combine(root, "tests", "interop"), RedirectStandardOutput = true,
        }) ?? throw new InvalidOperationException("node does not start.");
        var text = await node.StandardOutput.ReadToEndAsync();
        await node.WaitForExitAsync();
        return double.TryParse(text, CultureInfo.InvariantCulture, out var figure) ? figure : double.NaN;
    }

    private static void Expect(bool holds)
    {
        if (!holds) throw new InvalidOperationException("The answer is another one than expected: nothing is measured.");
    }
}
