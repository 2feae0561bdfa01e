using System.Net.Mime;
using Microsoft.Net.Http.Headers;

namespace TenantIdP.Demo.Pages;

internal static class PostedForm
{
    public const string Expected = "An ordinary form is expected.";

    /// <summary>An ordinary form, or nothing: what a stranger posts is no fault of a provider's.</summary>
    public static async Task<IFormCollection?> ReadAsync(HttpRequest request, CancellationToken ct)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals(MediaTypeNames.Application.FormUrlEncoded, StringComparison.OrdinalIgnoreCase))
            return null;

        try
        {
            return await request.ReadFormAsync(ct);
        }
        catch (Exception refused) when (refused is InvalidDataException or BadHttpRequestException)
        {
            return null;
        }
    }
}
