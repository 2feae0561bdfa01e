using Microsoft.Net.Http.Headers;

namespace TenantIdP.Server.Theming;

internal static class AssetEndpoints
{
    public static void MapAssets(this WebApplication app) => app.MapMethods("/assets/{file}", [HttpMethods.Get, HttpMethods.Head], Serve);

    private static IResult Serve(string file, Theme theme, HttpContext context)
    {
        if (theme.Find($"/assets/{file}") is not { } asset) return TypedResults.NotFound();
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return TypedResults.Bytes(asset.Content, asset.ContentType, entityTag: new EntityTagHeaderValue(asset.ETag));
    }
}
