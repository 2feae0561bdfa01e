using System.Net;
using System.Text.Json;
using Xunit;

namespace TenantIdP.Tests.Management;

internal static class AssertProblem
{
    /// <summary>A problem of RFC 9457 with our members; returns it.</summary>
    public static async Task<JsonElement> IsAsync(HttpResponseMessage answer, HttpStatusCode status, string code, CancellationToken ct)
    {
        var text = await answer.Content.ReadAsStringAsync(ct);
        Assert.True(answer.StatusCode == status, $"{(int)answer.StatusCode} {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrEmpty(problem.GetProperty("traceId").GetString()));
        Assert.DoesNotContain("TenantIdP.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", text, StringComparison.Ordinal);
        return problem;
    }
}
